/** Types of a configuration's connectors: what makes `hub.get("crm").findCustomer({ email })` typed. */
import { z } from "zod";
import type { Operation, Operations } from "../core/operation.ts";
import { methodName } from "../core/method-name.ts";
import { inputSchema, type JsonSchema } from "./input-schema.ts";
import { keyOf, tsType } from "./ts-type.ts";

/** One connector of a configuration. */
export interface TypedConnector {
  readonly name: string;
  /** The module whose default export is its class; undefined where code passed a class. */
  readonly module: string | undefined;
  readonly operations: Operations;
}

/** A file of declarations that adds the connectors to those that the hub knows. */
export function connectorTypes(connectors: readonly TypedConnector[]): string {
  const members = connectors.map(
    ({ name, module, operations }) => `    readonly ${keyOf(name)}: ${typeOf(module)}${named(operations)};\n`,
  );
  return `/** Made by \`busbar types\` from the configuration. Do not edit. */
import type { CallOptions, ItemStream } from "busbar";

declare module "busbar" {
  interface Connectors {
${members.join("")}  }
}
`;
}

const typeOf = (module: string | undefined): string =>
  module === undefined
    ? 'import("busbar").BaseConnector'
    : `InstanceType<typeof import(${JSON.stringify(module)}).default>`;

/** Those that the configuration adds; the class has its own. */
function named(operations: Operations): string {
  const added = Object.entries(operations).filter(([, { via }]) => via !== undefined);
  if (added.length === 0) return "";
  return ` & {\n${added.map(([name, operation]) => declared(name, operation)).join("")}    }`;
}

function declared(name: string, operation: Operation): string {
  const { summary, stream, input, output } = operation;
  const params = tsType(inputSchema(input));
  const needed = !(input.safeParse({}).success || params === "{}");
  const one = tsType(outputSchema(output));
  const answer = stream ? `ItemStream<${one}>` : `Promise<${one}>`;
  const rest = `params${needed ? "" : "?"}: ${params}, options?: CallOptions): ${answer};\n`;
  const by = stream ? "stream" : "execute";
  return (
    `      /** ${summary.replaceAll("*/", "*\\/").replaceAll(/\s+/g, " ")} */\n` +
    `      ${methodName(name)}(${rest}` +
    `      ${by}(operation: ${JSON.stringify(name)}, ${rest}`
  );
}

function outputSchema(output: z.ZodType): JsonSchema {
  // Answers may hold what JSON has no word for, bytes and instants; they are unknown then.
  return z.toJSONSchema(output, { io: "output", unrepresentable: "any" }) as JsonSchema;
}
