/** Where the connector is run for real. */
import type { SqlContext } from "../../contracts/sql/behaviour.ts";
import { checkAnswers, postgresql, startService, type Target } from "../../testkit/index.ts";
import { PostgreSQLConnector } from "./index.ts";

const TYPES: SqlContext["types"] = {
  id: "integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  text: "text",
  int32: "integer",
  int64: "bigint",
  decimal: "numeric",
  float64: "double precision",
  boolean: "boolean",
  bytes: "bytea",
  json: "jsonb",
  uuid: "uuid",
  instant: "timestamp with time zone",
  date: "date",
  time: "time",
  timestamp: "timestamp",
  fineTimestamp: "timestamp",
  fineDecimal: "numeric",
};

function target(name: string, source: "system" | "embedded", settings?: { readonly wire: false }): Target<SqlContext> {
  return {
    name,
    lacks: {},
    async start() {
      const service = await startService(postgresql({ source }));
      const { host, port, database, username, password } = service;
      const connector = checkAnswers(
        new PostgreSQLConnector({ host, port, database, username, password, ...settings }),
      );
      await connector.connect();
      let tables = 0;
      return {
        ctx: {
          connector,
          types: TYPES,
          placeholder: (n) => `$${n}`,
          unique: () => `t_${++tables}`,
          quote: (name) => `"${name.replaceAll('"', '""')}"`,
          hasZonelessTimestamps: true,
        },
        async stop() {
          await connector.disconnect();
          await service.destroy();
        },
      };
    },
  };
}

/** PostgreSQL 18 out of an npm package, and what the distribution has, there also with the driver alone. */
export const targets: readonly Target<SqlContext>[] = [
  target("embedded", "embedded"),
  target("live", "system"),
  target("driver", "system", { wire: false }),
];
