/** A private MariaDB with a table of accounts, and its rows. */
import { mariadb, startService } from "busbar/testkit";
import type { Facts } from "./bench.ts";

export const COLUMNS = ["id", "name", "email", "balance", "created_at"] as const;

const CREATE = `create table account (id int primary key, name varchar(100) not null, email varchar(100) not null,
  balance double not null, created_at datetime(3) not null)`;

export async function startAccounts(rows: number): Promise<{ readonly facts: Facts; close(): Promise<void> }> {
  // Room for what benches write, so that the disk is not what is measured.
  const conf = { "innodb-buffer-pool-size": "128M", "innodb-log-file-size": "256M" };
  const service = await startService(mariadb({ conf }));
  const { default: mysql } = await import("mysql2/promise");
  const connection = await mysql.createConnection(service.url);
  await connection.query(CREATE);
  await connection.query(`insert into account select seq, concat('Name ', seq), concat(seq, '@example.com'), seq / 8,
    now(3) from seq_1_to_${Math.max(1, rows)}`);
  await connection.end();
  return { facts: { url: service.url }, close: () => service.destroy() };
}

/** What is to be inserted, as objects. */
export function accounts(count: number): Record<(typeof COLUMNS)[number], unknown>[] {
  const created_at = new Date("2026-01-02T03:04:05.678Z");
  return Array.from({ length: count }, (_, at) => {
    const id = at + 1;
    return { id, name: `Name ${id}`, email: `${id}@example.com`, balance: id / 8, created_at };
  });
}
