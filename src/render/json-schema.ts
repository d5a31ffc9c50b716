/**
 * The schema of a whole `connectors.yaml`, for editors and for whoever checks files without busbar (draft 2020-12).
 *
 * One branch for each provider, chosen by `provider` or, where that is left out, by the type's default; `if`/`then`
 * rather than `oneOf`, because an editor then reports the one field that is wrong instead of every branch that did not
 * fit. Rules between fields are the loader's alone: what the schema refuses is wrong, what it accepts is checked again.
 */
import { configSchema, entrySchema } from "../config/entry.ts";
import { CONNECTOR_TYPES, type Definition } from "../core/definition.ts";
import { policySettings } from "../policies/pipeline.ts";
import { inputSchema, type JsonSchema } from "./input-schema.ts";
import { VARIABLE, withVariables } from "./with-variables.ts";

export interface DescribedProvider {
  readonly definition: Definition;
  /** Taken where an entry of its type names no provider. */
  readonly isDefault: boolean;
}

const refTo = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` });

/** The schema, as plain JSON. */
export function connectorsSchema(providers: readonly DescribedProvider[]): JsonSchema {
  const { properties, ...file } = inputSchema(configSchema);
  const list = properties!["connectors"]!;
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "connectors.yaml of busbar",
    ...file,
    properties: { connectors: { ...list, items: refTo("connector") } },
    $defs: {
      variable: VARIABLE,
      policies: withVariables(inputSchema(policySettings)),
      connector: connector(providers),
      ...Object.fromEntries(providers.map(({ definition }) => [`provider-${definition.provider}`, branch(definition)])),
    },
  };
}

/** What all entries have in common, and which branch is whose. */
function connector(providers: readonly DescribedProvider[]): JsonSchema {
  const entry = withVariables(inputSchema(entrySchema));
  const { provider, ...others } = entry.properties!;
  const names = providers.map(({ definition }) => definition.provider);
  // A single word is more likely a misspelt provider than a package.
  const elsewhere = { type: "string", pattern: "[./@-]", description: "An npm package or a path." };
  return {
    ...entry,
    properties: {
      ...others,
      provider: { ...provider, type: "string", anyOf: [{ enum: names }, elsewhere, refTo("variable")] },
    },
    allOf: [...providers.map(whereNamed), ...CONNECTOR_TYPES.map((type) => whereLeftOut(type, providers))],
  };
}

function whereNamed({ definition: { provider } }: DescribedProvider): JsonSchema {
  return {
    if: { type: "object", properties: { provider: { const: provider } }, required: ["provider"] },
    then: refTo(`provider-${provider}`),
  };
}

/** Without `provider`, the type's default is meant; a type that has none must name one. */
function whereLeftOut(type: string, providers: readonly DescribedProvider[]): JsonSchema {
  const standard = providers.find(({ definition, isDefault }) => isDefault && definition.type === type);
  return {
    if: { type: "object", properties: { type: { const: type }, provider: false }, required: ["type"] },
    then:
      standard === undefined
        ? { type: "object", properties: { provider: true }, required: ["provider"] }
        : refTo(`provider-${standard.definition.provider}`),
  };
}

function branch({ type, title, summary, connection, options }: Definition): JsonSchema {
  const own = options === undefined ? {} : inputSchema(options);
  const policies: Record<string, JsonSchema> = {};
  for (const name of Object.keys(policySettings.shape)) policies[name] = refTo(`policies/properties/${name}`);
  const halves: Readonly<Record<string, JsonSchema>> = {
    connection: withVariables(inputSchema(connection)),
    options: {
      ...withVariables({ ...own, type: "object" }),
      properties: { ...withVariables(own).properties, ...policies },
      additionalProperties: false,
    },
  };
  const required = Object.entries(halves).filter(([, half]) => (half.required?.length ?? 0) > 0);
  return {
    title,
    description: summary,
    type: "object",
    properties: { type: { anyOf: [{ const: type }, refTo("variable")] }, ...halves },
    required: required.map(([name]) => name),
  };
}
