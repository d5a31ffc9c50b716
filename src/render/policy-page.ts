/**
 * A page for each policy: the essay of its module, its settings and an example.
 *
 * The essay stands in the code, at the top of the module, and nowhere else; its page shows it.
 */
import { POLICIES, type PolicyFacts } from "../policies/order.ts";
import { policySettings } from "../policies/pipeline.ts";
import { fieldsOf } from "./fields.ts";
import { inputSchema } from "./input-schema.ts";
import { code, codeBlock, generatedFrom, page, table } from "./markdown.ts";

/** The text of a module's first comment, as Markdown. Throws where a module has none. */
export function essayOf(source: string): string {
  const comment = /^\/\*\*\s*\n?(.*?)\*\//s.exec(source)?.[1];
  if (comment === undefined) throw new Error("The module does not begin with its essay");
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

export function renderPolicyPage({ name, title, settings, example }: PolicyFacts, source: string): string {
  const fields = fieldsOf(inputSchema(policySettings)).filter(({ path }) => settings.includes(path.split(".")[0]!));
  return page(
    generatedFrom(`src/policies/${name}.ts`),
    `# ${title}`,
    essayOf(source),
    "## Settings",
    fields.length === 0
      ? "None: it is always on."
      : table(
          ["name in `options`", "type", "default", ""],
          fields.map(({ path, type, isRequired, default: standard, description = "" }) => [
            code(path),
            type,
            isRequired ? "required" : code(standard === undefined ? "" : JSON.stringify(standard)),
            description,
          ]),
        ),
    example === undefined ? undefined : codeBlock("yaml", `options:\n${example.replaceAll(/^/gm, "  ")}`),
    "[All policies, in their order](README.md)",
  );
}

export function renderPolicyIndex(): string {
  return page(
    generatedFrom("src/policies"),
    "# Policies",
    "Every call passes them in this order, from the outside in. The order is fixed; the settings are yours, in `options` of each connector. State is each connector's own, and a policy that is off costs nothing.",
    POLICIES.map(({ name, title, settings }, at) => {
      const says = settings.length === 0 ? "always on" : settings.map(code).join(", ");
      return `${at + 1}. [${title}](${name}.md): ${says}`;
    }).join("\n"),
  );
}
