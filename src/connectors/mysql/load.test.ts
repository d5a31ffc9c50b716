import { connect as connectTo, createServer, type Server } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { mariadb } from "../../testkit/index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";
import { openForTest } from "./open-for-test.ts";

const MANY = 2_500;

await describeService("insertMany of MySQL, on MariaDB", mariadb(), async () => {
  const { connected, service } = await openForTest();
  const db = await connected();
  let names = 0;

  async function makeTable(columns: string): Promise<string> {
    const table = `l_${++names}`;
    await db.query({ sql: `CREATE TABLE ${table} (id int PRIMARY KEY, ${columns})` });
    return table;
  }

  const counter = async (name: string): Promise<number> => {
    const [row] = await db.query({ sql: `SHOW GLOBAL STATUS LIKE '${name}'` });
    return Number(row?.["Value"]);
  };

  describe("many rows", () => {
    test("are loaded, not inserted", async () => {
      const table = await makeTable("name text");
      const before = [await counter("Com_load"), await counter("Com_insert")];
      const rows = Array.from({ length: MANY }, (_, id) => ({ id, name: `n ${id}` }));
      expect(await db.insertMany({ table, rows })).toEqual({ count: MANY });
      expect([await counter("Com_load"), await counter("Com_insert")]).toEqual([before[0]! + 1, before[1]]);
    });

    test.each<[string, readonly unknown[]]>([
      ["text", ["", "\\N", "NULL", "a\tb", "a\nb", "a\\", "\\", "\r\n", "\\t", "'\"`", "😀 ÿ", " ", "\u0001", null]],
      ["bigint", [1, -1n, "9223372036854775807", null]],
      ["bigint unsigned", [2n ** 64n - 1n]],
      ["double", [0.1, 1e300, -5e-324, 1e21]],
      ["float", [0.1]],
      ["decimal(50,10)", ["1234567890123456789012345678901234567890.0123456789"]],
      ["boolean", [true, false]],
      ["datetime(3)", [new Date("2024-02-29T12:34:56.789Z"), "1883-11-18 12:03:58.000"]],
      ["date", ["2024-02-29"]],
      ["time", ["-838:59:59"]],
      ["json", [{ a: ["\\", "\n", null, "'"] }, []]],
      ["uuid", ["6f9619ff-8b86-d011-b42d-00cf4fc964ff"]],
      ["blob", [Uint8Array.from({ length: 256 }, (_, at) => at), new Uint8Array(0)]],
      ["varchar(20) CHARACTER SET latin1", ["é"]],
      ["enum('a','b','1')", ["a", "1", 1]],
      ["bit(8)", [1, 255]],
    ])("of type %s come out as a single insert's", async (type, values) => {
      const table = await makeTable(`it ${type}`);
      const rows = Array.from({ length: MANY }, (_, id) => ({ id, it: values[id % values.length] }));
      expect(await db.insertMany({ table, rows })).toEqual({ count: MANY });
      const one = await makeTable(`it ${type}`);
      for (const [id, it] of values.entries()) await db.insert({ table: one, data: { id, it } });
      const read = (from: string) => db.query({ sql: `SELECT it FROM ${from} ORDER BY id LIMIT ${values.length}` });
      expect(await read(table)).toEqual(await read(one));
    });

    test("with bytes here and there are all inserted, in order", async () => {
      const table = await makeTable("it text");
      const rows = Array.from({ length: 5_000 }, (_, id) => ({ id, it: id === 2_345 ? Buffer.from("bytes") : "text" }));
      expect(await db.insertMany({ table, rows })).toEqual({ count: 5_000 });
      expect(await db.query({ sql: `SELECT id, it FROM ${table} WHERE it <> 'text'` })).toEqual([
        { id: 2_345, it: "bytes" },
      ]);
    });

    test.each<[string, string, unknown, string, RegExp | undefined]>([
      ["a number that is none", "it int", "x", "input_invalid", /^Row 2346: /],
      ["a number too large", "it tinyint", 300, "input_invalid", /^Row 2346: /],
      ["a text too long", "it varchar(3)", "four", "input_invalid", /^Row 2346: /],
      ["NULL where there is none", "it int NOT NULL", null, "input_invalid", undefined],
      ["a date that is none", "it datetime", "2024-02-30 00:00:00", "input_invalid", /^Row 2346: /],
      ["a key that is there", "it int UNIQUE", 7, "conflict", undefined],
      ["a broken check", "it int CHECK (it < 100000)", 100_001, "input_invalid", undefined],
      ["a row that does not exist", "it int, FOREIGN KEY (it) REFERENCES parents (id)", 5, "conflict", undefined],
    ])("with %s are refused, and none of them is kept", async (_, columns, it, kind, message) => {
      await db.query({ sql: "CREATE TABLE IF NOT EXISTS parents (id int PRIMARY KEY)" });
      const hasParents = columns.includes("parents");
      const table = await makeTable(columns);
      const valid = (id: number): unknown => (hasParents ? null : columns.includes("UNIQUE") ? id : 1);
      const fits = (id: number): unknown =>
        /varchar/.test(columns) ? "abc" : /datetime/.test(columns) ? "2024-01-01" : valid(id);
      const rows = Array.from({ length: 5_000 }, (_row, id) => ({ id, it: id === 2_345 ? it : fits(id) }));
      const error: unknown = await db.insertMany({ table, rows }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind, outcome: "none" });
      if (message !== undefined) expect((error as Error).message).toMatch(message);
      expect((error as Error).message).not.toMatch(/four|2024-02-30/);
      expect(await db.query({ sql: `SELECT COUNT(*) AS n FROM ${table}` })).toEqual([{ n: "0" }]);
      const inside = db.transaction(async (tx) => {
        await tx.insertMany({ table, rows }).catch(() => {});
        await tx.query({ sql: `INSERT INTO ${table} (id) VALUES (1)` });
      });
      await expect(inside).rejects.toMatchObject({ kind });
      expect(await db.query({ sql: `SELECT COUNT(*) AS n FROM ${table}` })).toEqual([{ n: "0" }]);
      // What the load has switched off in the session is on again.
      expect(await db.query({ sql: "SELECT @@sql_notes AS notes" })).toEqual([{ notes: "1" }]);
    });

    test("whose digits are cut are as an INSERT's: no error", async () => {
      const table = await makeTable("it decimal(10,1)");
      const rows = Array.from({ length: MANY }, (_, id) => ({ id, it: "1.25" }));
      expect(await db.insertMany({ table, rows })).toEqual({ count: MANY });
    });

    test("are inserted where loading is switched off, here or at the server", async () => {
      const rows = Array.from({ length: MANY }, (_, id) => ({ id, it: id }));
      const off = await connected({ loadData: false });
      const loads = await counter("Com_load");
      const first = await makeTable("it int");
      expect(await off.insertMany({ table: first, rows })).toEqual({ count: MANY });
      expect(await counter("Com_load")).toBe(loads);
      await db.query({ sql: "SET GLOBAL local_infile = 0" });
      try {
        const refused = await connected();
        for (let time = 0; time < 2; time++)
          expect(await refused.insertMany({ table: await makeTable("it int"), rows })).toEqual({ count: MANY });
        expect(await counter("Com_load")).toBe(loads + 1);
      } finally {
        await db.query({ sql: "SET GLOBAL local_infile = 1" });
      }
    });
  });

  describe("a server that asks for a file", () => {
    /** Answers the first statement that is run with a request for a file, and tells what it is sent. */
    const servers: Server[] = [];
    afterAll(() => servers.forEach((each) => void each.close()));

    async function curious(): Promise<{ readonly port: number; readonly sent: () => string }> {
      let sent = "";
      let isAsked = false;
      const server = createServer((client) => {
        const real = connectTo(service.port, "127.0.0.1");
        client.on("error", () => real.destroy()).on("close", () => real.destroy());
        real.on("error", () => client.destroy()).on("close", () => client.destroy());
        real.pipe(client);
        client.on("data", (data: Buffer) => {
          if (isAsked) {
            sent += data.toString("latin1");
            // It has had what it asked for, or nothing.
            const ok = Buffer.from([7, 0, 0, data[3]! + 1, 0, 0, 0, 2, 0, 0, 0]);
            isAsked = false;
            client.write(ok);
          } else if (data.includes("SELECT 'give'") && data[4] === 3) {
            isAsked = true;
            client.write(Buffer.concat([Buffer.from([12, 0, 0, 1, 0xfb]), Buffer.from("/etc/passwd")]));
          } else if (data[4] === 0x17 && data.includes("give")) {
            isAsked = true;
            client.write(Buffer.concat([Buffer.from([12, 0, 0, 1, 0xfb]), Buffer.from("/etc/passwd")]));
          } else real.write(data);
        });
      });
      servers.push(server);
      const port = await new Promise<number>((resolve) =>
        server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
      );
      return { port, sent: () => sent };
    }

    test("is sent nothing where the caller's own statement makes it ask", async () => {
      const table = await makeTable("it text");
      const sql = `LOAD DATA LOCAL INFILE '${import.meta.filename}' INTO TABLE ${table} (it)`;
      await expect(db.query({ sql })).rejects.toMatchObject({ kind: "unsupported" });
      expect(await db.query({ sql: `SELECT * FROM ${table}` })).toEqual([]);
    });

    test("is sent nothing, and the call fails", async () => {
      const { port, sent } = await curious();
      const other = await connected({ port });
      await expect(other.query({ sql: "SELECT ? AS it", values: ["give"] })).rejects.toMatchObject({
        kind: "unsupported",
      });
      expect(sent()).toHaveLength(4);
      expect(sent()).not.toMatch(/root/);
    });
  });
});
