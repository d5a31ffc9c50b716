/** The answer that is larger than its caller allows. */
import { ConnectorError } from "../../core/errors.ts";

/** `bound` is the one that was broken: `maxRows (100)`. */
export function tooLarge(bound: string): ConnectorError {
  return new ConnectorError("too_large", `The answer has more than ${bound} allows`, {
    outcome: "none",
    hint: "Ask for less, allow more, or read it with `queryStream`.",
  });
}
