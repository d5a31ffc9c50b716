/** The documentation page of a connector, from its definition and its prose (`notes.md`). */
import { NAMED_ONLY } from "../connectors/check-definition.ts";
import { z } from "zod";
import type { Definition } from "../core/definition.ts";
import type { Operation } from "../core/operation.ts";
import { policySettings } from "../policies/pipeline.ts";
import { EFFECT_WORDS, effectsIn, effectText } from "./effect-words.ts";
import { fieldsOf, shapeText, type Field } from "./fields.ts";
import { inputSchema, type JsonSchema } from "./input-schema.ts";
import { literal } from "./literal.ts";
import { code, codeBlock, generatedFrom, page, table } from "./markdown.ts";
import { constructorArgument } from "./starting-values.ts";
import { renderYamlExample } from "./yaml-example.ts";

export interface DocumentedConnector {
  readonly definition: Definition;
  /** The class as `busbar/connectors/PROVIDER` exports it. */
  readonly className: string;
  /** Markdown. */
  readonly notes: string;
}

export function renderConnectorPage({ definition, className, notes }: DocumentedConnector): string {
  const { provider, title, summary, connection, options, operations } = definition;
  const entries = Object.entries(operations);
  const effects = [...new Set(entries.flatMap(([, operation]) => effectsIn(operation)))];
  return page(
    generatedFrom(`src/connectors/${provider}`),
    `# ${title}`,
    summary,
    notes.trim(),
    "## Configuration",
    codeBlock("yaml", renderYamlExample([definition], { optional: false })),
    "or in code, where `connection` and `options` are one flat object:",
    codeBlock("ts", codeExample(definition, className)),
    section("### `connection`", fieldTable(inputSchema(connection))),
    section("### `options`", options === undefined ? "" : fieldTable(inputSchema(options))),
    "### `options` of the policies",
    "Every connector takes them; see [policies](../policies/README.md).",
    fieldTable(inputSchema(policySettings)),
    "## Operations",
    table(
      ["operation", "what it does", "effect"],
      entries.map(([name, operation]) => [
        `[\`${name}\`](#${name.toLowerCase()})`,
        operation.summary,
        effectText(operation),
      ]),
    ),
    effects.map((effect) => `- ${code(effect)}: ${EFFECT_WORDS[effect]}`).join("\n"),
    ...entries.map(([name, operation]) => renderOperation(name, operation)),
  );
}

function section(heading: string, content: string): string | undefined {
  return content === "" ? undefined : `${heading}\n\n${content}`;
}

function renderOperation(name: string, operation: Operation): string {
  // Zod types the keywords one by one; here they are read as plain JSON.
  const answer = z.toJSONSchema(operation.output, { unrepresentable: "any" }) as JsonSchema;
  const says = operation.stream ? "Answers with a stream; each item is" : "Answers with";
  const what = answer.description === undefined ? "." : `: ${answer.description}`;
  const examples = operation.examples.flatMap(({ title, input }) => [`// ${title}`, call(name, operation, input)]);
  return page(
    `### ${name}`,
    operation.summary,
    fieldTable(inputSchema(operation.input)) || "Takes no parameters.",
    `${says} ${code(shapeText(answer))}${what}`,
    examples.length === 0 ? undefined : codeBlock("ts no-check: continues the example above", examples.join("\n")),
  ).trimEnd();
}

function call(name: string, { stream }: Operation, input: unknown): string {
  const written = literal(input, name.length + 20);
  const parameters = written === "{}" ? "" : written;
  return stream
    ? `for await (const item of connector.${name}(${parameters})) console.log(item);`
    : `await connector.${NAMED_ONLY.some((each) => each === name) ? `execute("${name}", ` : `${name}(`}${parameters});`;
}

function codeExample(definition: Definition, className: string): string {
  const [name, operation] = Object.entries(definition.operations)[0] ?? [];
  const example = operation?.examples[0];
  return [
    `import { ${className} } from "busbar/connectors/${definition.provider}";`,
    "",
    `const connector = new ${className}(${constructorArgument(definition)});`,
    "await connector.connect();",
    ...(name === undefined || operation === undefined || example === undefined
      ? []
      : [call(name, operation, example.input)]),
    "await connector.disconnect();",
  ].join("\n");
}

function fieldTable(schema: JsonSchema): string {
  const fields = fieldsOf(schema);
  return fields.length === 0 ? "" : table(["name", "type", "default", ""], fields.map(row));
}

function row(field: Field): readonly string[] {
  const { path, type, isRequired, default: standard, description = "", variant, schema } = field;
  if ("const" in schema) return [code(`${path}: ${String(schema["const"])}`), "", "", description];
  const when = variant === undefined ? "" : ` (${code(variant)})`;
  return [
    `${code(path)}${when}`,
    type,
    isRequired ? "required" : code(standard === undefined ? "" : JSON.stringify(standard)),
    description,
  ];
}
