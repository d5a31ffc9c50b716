/**
 * A configuration to start from: what must be said is said, what may be said stands beside it as a comment.
 */
import { stringify } from "yaml";
import type { Definition } from "../core/definition.ts";
import { policySettings } from "../policies/pipeline.ts";
import { startingFields, type StartingField } from "./starting-values.ts";

/** Where an installed busbar has the schema, seen from the project's folder. */
const SCHEMA = "./node_modules/busbar/schema/connectors.schema.json";

interface YamlExampleOptions {
  /** Also the settings that may be left out, as comments. Default: true. */
  readonly optional?: boolean;
}

/** The whole file, for `busbar init`. Names are the providers'; valid as it is once its variables are set. */
export function renderYamlExample(
  definitions: readonly Definition[],
  { optional = true }: YamlExampleOptions = {},
): string {
  const entries = definitions.map((definition) => renderEntry(definition, optional).join("\n"));
  return `# yaml-language-server: $schema=${SCHEMA}\nconnectors:\n${entries.join("\n\n")}\n`;
}

function renderEntry({ provider, type, title, summary, connection, options }: Definition, optional: boolean): string[] {
  const settings = [...startingFields(options, provider), ...startingFields(policySettings, provider)];
  return [
    `  # ${title}: ${summary}`,
    `  - name: ${provider}`,
    `    type: ${type}`,
    `    provider: ${provider}`,
    ...renderHalf("connection", startingFields(connection, provider), optional),
    ...renderHalf("options", settings, optional),
  ];
}

function renderHalf(half: string, fields: readonly StartingField[], optional: boolean): string[] {
  const said = fields.filter(({ isSaid }) => isSaid);
  const left = optional ? fields.filter(({ isSaid }) => !isSaid) : [];
  if (said.length + left.length === 0) return [];
  return [
    // A key with nothing but comments below it would be null.
    said.length > 0 ? `    ${half}:` : `    # ${half}:`,
    ...said.map((field) => `      ${setting(field)}`),
    ...left.map((field) => `      # ${setting(field)}${firstSentence(field.description)}`),
  ];
}

function setting({ name, value }: StartingField): string {
  return `${name}: ${stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim()}`;
}

function firstSentence(text: string): string {
  const sentence = /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text;
  return sentence === "" ? "" : ` # ${sentence}`;
}
