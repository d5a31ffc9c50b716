/**
 * Nothing that a caller gives as a value, a name or a word makes a database run another statement.
 *
 * Shown by the servers' own records: a hostile text makes the server run the very statements that a harmless one does, and
 * what an injected statement would strike stays as it was.
 */
import { ConnectorError } from "busbar";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeService } from "../../src/testkit/services/describe-service.ts";
import { NAMES, PATHS, TEXTS, WORDS } from "./corpus.ts";
import { COLUMN_PLACES, TABLE_PLACES, WORD_PLACES } from "./name-places.ts";
import { MANY_ROWS_PLACES } from "./many-rows-places.ts";
import { POSTGRESQL_NAME_PLACES, POSTGRESQL_PLACES } from "./postgresql-places.ts";
import { inTransaction, TRANSACTION_PLACES } from "./transaction-places.ts";
import { INSIDE_A_CURSOR, VALUE_PLACES, type Place } from "./value-places.ts";
import { onMariaDB, onPostgreSQL, onSQLite, type Attackable, type Ran, type Watched } from "./watched.ts";

const HARMLESS = "harmless";
/** As new to the system as any hostile text: a key that is there already takes other statements. */
const NEW_AND_HARMLESS = "harmless too";
/** Before and behind all others, and a number: pages take other statements in the middle than at the end. */
const ALSO_HARMLESS = ["", "\u{10ffff}", "5"];
/** What a refused text may be refused as. */
const REFUSED = ["input_invalid", "not_found", "unsupported", "too_large"];
/** How a connection that takes the place of another is set up. */
const SETTING_UP = /^SET SESSION time_zone = '\+00:00'(, SESSION \w+ = ('[\w,*]*'|\w+))+$/;
/** What follows what has failed. */
const ENDINGS = /^(DO 0|ROLLBACK|ROLLBACK TO SAVEPOINT ["`]busbar_\d+["`])$/;

/** Tries all texts; tells how many were taken. */
async function attack(
  watched: Watched,
  place: Place,
  texts: readonly string[],
): Promise<Ran & { readonly taken: number }> {
  let taken = 0;
  const ran = await watched.watch(async () => {
    for (const text of texts)
      try {
        await place.put(watched, text);
        taken++;
      } catch (error) {
        if (!(error instanceof ConnectorError)) throw error;
        expect(REFUSED, `${JSON.stringify(text.slice(0, 80))}: ${error.message}`).toContain(error.kind);
      }
  });
  return { ...ran, taken };
}

/** Whether a connection says it of itself, and no caller asked for it. */
const isUpkeep = (text: string): boolean => ENDINGS.test(text) || SETTING_UP.test(text);

/** How many statements were carried out for callers. */
const timesOf = ({ runs }: Ran): number => runs.filter((text) => !isUpkeep(text)).length;

/** Statements that are not known, whatever number of rows they ask for. */
function strangers({ texts }: Ran, known: Iterable<string>): string[] {
  const unlimited = (text: string): string => text.replace(/ LIMIT \d+$/, "");
  const all = new Set([...known].map(unlimited));
  return [...texts].filter((text) => !all.has(unlimited(text)) && !isUpkeep(text));
}

async function prepare({ admin, text, key, json }: Watched): Promise<void> {
  for (const sql of [
    `create table target (id int primary key, body ${text}, mark int, doc ${json})`,
    `create table named (name ${key} primary key, mark int)`,
    `create table canary (id int primary key, body ${text})`,
  ])
    await admin.execute("execute", { sql });
  await admin.execute("insertMany", { table: "canary", rows: [{ id: 1, body: "sings" }] });
  const rows = [1, 2].map((id) => ({ id, body: `row ${id}`, mark: 0, doc: {} }));
  await admin.execute("insertMany", { table: "target", rows });
}

function attacks({ start, keepsRecord, isPostgreSQL = false, hasBackups = false }: Attackable): void {
  let watched: Watched;
  beforeAll(async () => {
    watched = await start();
    await prepare(watched);
  });
  afterAll(() => watched.close());

  const valuePlaces = [
    ...VALUE_PLACES,
    ...TRANSACTION_PLACES,
    ...MANY_ROWS_PLACES,
    ...(isPostgreSQL ? POSTGRESQL_PLACES : []),
  ];
  test.each(valuePlaces.map((place) => [place.name, place] as const))("a value stays one in %s", async (_, place) => {
    // The first time also makes what is missing and prepares.
    const first = await attack(watched, place, [HARMLESS, HARMLESS, ...ALSO_HARMLESS]);
    const second = await attack(watched, place, [place.harmless ?? NEW_AND_HARMLESS]);
    const known = new Set([...first.texts, ...second.texts]);
    const before = await watched.state();
    const hostile = await attack(watched, place, TEXTS);
    expect(strangers(hostile, known)).toEqual([]);
    if (place.name !== INSIDE_A_CURSOR) {
      expect(timesOf(hostile)).toBeGreaterThanOrEqual(hostile.taken * timesOf(second));
      expect(timesOf(hostile)).toBeLessThanOrEqual(TEXTS.length * timesOf(second));
    }
    expect(await watched.state()).toBe(before);
  });

  const named = [
    ...[...COLUMN_PLACES, ...COLUMN_PLACES.map(inTransaction)].map((each) => ["column", each] as const),
    ...[...TABLE_PLACES, ...TABLE_PLACES.map(inTransaction)].map((each) => ["table", each] as const),
  ];
  test.each(named.map(([what, place]) => [what, place.name, place] as const))(
    "a name stays that of a %s which does not exist, in %s",
    async (_, __, place) => {
      const harmless = [await attack(watched, place, [HARMLESS]), await attack(watched, place, [HARMLESS])];
      const texts = harmless.flatMap((ran) => [...ran.texts]);
      const renamed = (name: string): string[] =>
        texts.map((text) => text.replaceAll(watched.quote(HARMLESS), () => watched.quote(name)));
      const before = await watched.state();
      const hostile = await attack(watched, place, NAMES);
      expect(hostile.taken).toBe(0);
      expect(strangers(hostile, [...texts, ...NAMES.flatMap(renamed)])).toEqual([]);
      expect(await watched.state()).toBe(before);
    },
  );

  test.each(isPostgreSQL ? POSTGRESQL_NAME_PLACES.map((place) => [place.name, place] as const) : [])(
    "a name of what need not exist stays one, in %s",
    async (_, place) => {
      const { texts } = await attack(watched, place, [HARMLESS]);
      const renamed = (name: string): string[] =>
        [...texts].map((text) => text.replaceAll(watched.quote(HARMLESS), () => watched.quote(name)));
      const before = await watched.state();
      const hostile = await attack(watched, place, NAMES);
      expect(hostile.taken).toBeGreaterThan(NAMES.length / 2);
      expect(strangers(hostile, NAMES.flatMap(renamed))).toEqual([]);
      expect(await watched.state()).toBe(before);
    },
  );

  test.each(WORD_PLACES.map((place) => [place.name, place] as const))(
    "what is not in the grammar is refused before anything is sent, in %s",
    async (_, place) => {
      const hostile = await attack(watched, place, WORDS);
      expect([hostile.taken, ...hostile.runs, ...hostile.texts]).toEqual([0]);
    },
  );

  /** MariaDB takes no name with a space at its end. */
  const usableNames = (longest = 60): string[] =>
    NAMES.filter(
      (name) =>
        name.trimEnd() === name &&
        name !== "" &&
        name.length < longest &&
        !/\p{Surrogate}/u.test(name) &&
        !name.includes("\0"),
    );

  test("a table and a column with a hostile name work like any other", async () => {
    const { admin, connector, quote } = watched;
    const before = await watched.state();
    const usable = usableNames();
    for (const name of usable) {
      const table = [name];
      await admin.execute("execute", {
        sql: `create table ${quote(name)} (${quote(name)} int, primary key (${quote(name)}))`,
      });
      const data = (n: number): Record<string, unknown> => Object.fromEntries([[name, n]]);
      await connector.execute("insert", { table, data: data(1), returning: [name] });
      await connector.execute("insertMany", { table, rows: [data(2), data(3)] });
      await connector.execute("upsert", { table, rows: [data(3), data(4)], conflict: [name] });
      await connector.execute("update", { table, data: data(5), where: data(1) });
      await connector.execute("delete", { table, where: data(2) });
      const page = await connector.execute("select", { table, columns: [name], orderBy: [name], limit: 2 });
      const rest = await connector.execute("select", {
        table,
        columns: [name],
        orderBy: [name],
        limit: 2,
        after: page.next!,
      });
      expect([...page.rows, ...rest.rows]).toEqual([3, 4, 5].map(data));
      await connector.transaction(async (tx) => {
        await tx.insertMany({ table, rows: Array.from({ length: 60 }, (_, at) => data(100 + at)) });
        await tx.transaction((inner) => inner.upsert({ table, rows: [data(100)], conflict: [name], update: [] }));
        expect(await tx.delete({ table, where: Object.fromEntries([[name, { gte: 100 }]]) })).toEqual({ count: 60 });
      });
      const { tables } = await connector.execute("describe", { table });
      expect(tables.map((each) => [each.name, each.columns.map((column) => column.name)])).toEqual([[name, [name]]]);
      expect(tables[0]!.primaryKey).toEqual([name]);
      const all = await connector.execute("describe", {});
      expect(all.tables.filter((each) => each.name === name)).toEqual(tables);
      await connector.execute("privileges");
      await admin.execute("execute", { sql: `drop table ${quote(name)}` });
    }
    expect(await watched.state()).toBe(before);
  });

  test("a ledger with a hostile name works like any other", async () => {
    const { admin, quote, withLedger } = watched;
    const before = await watched.state();
    for (const name of usableNames(40)) {
      const connector = withLedger([name]);
      await connector.connect();
      const update = (): Promise<unknown> =>
        connector.execute(
          "update",
          { table: "target", data: { mark: 4 }, where: { id: 2 } },
          { idempotencyKey: "the same" },
        );
      expect(await update()).toEqual(await update());
      const { rows } = await admin.execute("select", { table: [name], columns: ["operation"] });
      expect(rows).toEqual([{ operation: "update" }]);
      await connector.disconnect();
      await admin.execute("execute", { sql: `drop table ${quote(name)}` });
    }
    expect(await watched.state()).toBe(before);
  });

  test.each(hasBackups ? ["backup"] : [])("a file of %s goes nowhere but to its folder", async () => {
    const { sqlite, backups } = watched;
    const before = await watched.state();
    const names = [...NAMES, ...TEXTS, ...PATHS];
    const put: Place["put"] = (_, name) => sqlite!.backup({ name });
    const { taken } = await attack(watched, { name: "backup", put }, names);
    const plain = names.filter((name) => /^\w[\w-]*$/.test(name) && name.length <= 200).sort();
    expect([taken, await backups!()]).toEqual([plain.length, plain]);
    expect(await watched.state()).toBe(before);
  });

  test("what is injected on purpose is noticed", async () => {
    const { connector, admin } = watched;
    const put: Place["put"] = (_, text) =>
      connector.execute("query", { sql: `select id from target where body = '${text}'` });
    const place: Place = { name: "glued together", put };
    const harmless = await attack(watched, place, [HARMLESS]);
    const hostile = await attack(watched, place, ["' or 1 = 1 or '' = '"]);
    expect(strangers(hostile, harmless.texts)).toHaveLength(keepsRecord ? 1 : 0);
    const before = await watched.state();
    await admin.execute("update", { table: "canary", data: { body: "is silent" }, where: { id: 1 } });
    expect(await watched.state()).not.toBe(before);
    await admin.execute("update", { table: "canary", data: { body: "sings" }, where: { id: 1 } });
  });
}

describe("the corpus", () => {
  test("has no text twice", () => {
    for (const list of [TEXTS, NAMES, WORDS, PATHS]) expect(new Set(list).size).toBe(list.length);
  });
});
for (const system of [onPostgreSQL, onMariaDB, onSQLite]) {
  const name = `injection on ${system.name}`;
  if (system.spec === undefined) describe(name, () => attacks(system));
  else await describeService(name, system.spec, () => attacks(system));
}
