/** The page of the kinds of errors, from the one table that defines them. */
import { KINDS, type Outcome, type Repeat } from "../core/errors.ts";
import { code, generatedFrom, page, table } from "./markdown.ts";

const REPEAT_WORDS: Readonly<Record<Repeat, string>> = {
  always: "always",
  "if-repeatable": "if the effect may be repeated",
  never: "never",
};

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = { none: "certainly none", unknown: "unknown" };

export function renderErrorsPage(): string {
  return page(
    generatedFrom("src/core/errors.ts"),
    "# Errors",
    "Every failure is a `ConnectorError`. Its `kind` answers what everyone up the stack asks: may the call be repeated, which HTTP status and which exit code tell of it. The message says what failed, on which connector and operation, and never carries values, SQL parameters or credentials; `hint` says what to do, `cause` is the driver's error.",
    table(
      ["kind", "meaning", "repeated", "effect", "HTTP", "exit code"],
      Object.entries(KINDS).map(([kind, { sentence, repeat, outcome, http, exit }]) => [
        code(kind),
        sentence,
        REPEAT_WORDS[repeat],
        OUTCOME_WORDS[outcome],
        String(http),
        String(exit),
      ]),
    ),
    "*Repeated* says whether the retry policy sends such a call again on its own; an error whose `outcome` is `none` is repeated unless the kind says never. *Effect* is what is known of the failed call's effect unless the error itself says more in `outcome`: a call that was refused before it left had certainly none.",
    "See [errors and retries](guides/errors-and-retries.md) for what to do about them.",
  );
}
