/**
 * What the role of a connection may do, and what of it is more than it should.
 *
 * `access: read-only` is kept by the database, but by a setting that busbar makes: whatever gets hold of the credentials
 * can write all the same. Only the role's own rights are proof against that, so they are looked at and told.
 */
import { z } from "zod";
import type { Row } from "./fields.ts";
import type { Statement } from "./statement.ts";

export const privileges = z.object({
  role: z.string().nullable().meta({ description: "Who the database takes busbar for; null where it has no roles." }),
  powers: z.array(z.string()).meta({ description: "What it may do beyond tables, in words." }),
  writable: z.object({
    count: z.int().meta({ description: "Tables that it may change." }),
    some: z.array(z.string()).meta({ description: "The first of them by name." }),
  }),
  warnings: z.array(z.string()).meta({ description: "What of this a role for this work should not have." }),
});

/** What a role may do, and what is wrong with that. */
export type Privileges = z.output<typeof privileges>;

/** How a system tells what a role may do. */
export interface PrivilegesDialect {
  /** A statement that only reads. */
  readonly statement: Statement;
  /** What its rows say. */
  read(this: void, rows: readonly Row[]): Omit<Privileges, "warnings">;
}

/** The same, with warnings. */
export function assess(found: Omit<Privileges, "warnings">, access: { readonly isReadOnly: boolean }): Privileges {
  const { role, powers, writable } = found;
  const warnings = powers.map((power) => `The role ${role ?? ""} ${power}; a role for an application should not.`);
  if (access.isReadOnly && writable.count > 0)
    warnings.push(
      `With \`access: read-only\` busbar writes nothing, but the role ${role ?? ""} may change ` +
        `${writable.count === 1 ? "1 table" : `${writable.count} tables`} (${list(writable)}): give it one that may only read.`,
    );
  return { ...found, warnings };
}

/** Whether a connector can tell. */
export function assessing({ operations }: { readonly operations: object }): boolean {
  return (operations as { readonly privileges?: { readonly output?: unknown } }).privileges?.output === privileges;
}

function list({ count, some }: Privileges["writable"]): string {
  return [...some, ...(count > some.length ? ["…"] : [])].join(", ");
}
