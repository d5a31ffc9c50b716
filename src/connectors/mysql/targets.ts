/** Where the connector is run for real. */
import type { SqlContext } from "../../contracts/sql/behaviour.ts";
import { checkAnswers, mariadb, startService, type Target } from "../../testkit/index.ts";
import { MySQLConnector } from "./index.ts";

const TYPES: SqlContext["types"] = {
  id: "int AUTO_INCREMENT PRIMARY KEY",
  // By default texts that differ in case or in spaces at their end are equal.
  text: "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
  int32: "int",
  int64: "bigint",
  decimal: "decimal(50,1)",
  float64: "double",
  boolean: "boolean",
  bytes: "longblob",
  json: "json",
  uuid: "uuid",
  instant: "datetime(3)",
  date: "date",
  time: "time",
  timestamp: "datetime",
  fineTimestamp: "datetime(6)",
  fineDecimal: "decimal(40,20)",
};

/** MariaDB, as the distribution has it. */
export const targets: readonly Target<SqlContext>[] = [
  {
    name: "live",
    lacks: {
      "returning of updates": "MariaDB has no UPDATE … RETURNING",
      "explain of writes": "the server refuses EXPLAIN of a write in a READ ONLY transaction",
    },
    async start() {
      const service = await startService(mariadb());
      const { host, port, database, username, password } = service;
      const connector = checkAnswers(new MySQLConnector({ host, port, database, username, password }));
      await connector.connect();
      let tables = 0;
      return {
        ctx: {
          connector,
          types: TYPES,
          placeholder: () => "?",
          unique: () => `t_${++tables}`,
          quote: (name) => `\`${name.replaceAll("`", "``")}\``,
          hasZonelessTimestamps: false,
        },
        async stop() {
          await connector.disconnect();
          await service.destroy();
        },
      };
    },
  },
];
