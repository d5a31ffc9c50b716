/**
 * Passwords and settings that change under a hub at work.
 *
 * Credentials come from a file, and somebody rotates them: between two roles, of which the old one is valid until its
 * next turn; or the password of the one role that there is, after which nobody can connect with the old one any more.
 * Then it is the configuration that changes. No call may fail because of any of it, and soon after each change no
 * connection may be left that was made before it.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { ask, askOne } from "../database.ts";
import { HubAtWork, type HubSettings, WATCH_MS } from "../hub-at-work.ts";
import { between, type Random } from "../random.ts";
import { expectAtMost, expectNone, type Effort, type Outcome, type Part, type Scenario } from "../scenario.ts";

const ROLES = ["even", "odd"] as const;
const NAMES = ROLES.map((role) => `'${role}'`).join(", ");
const SETTINGS: HubSettings = { maxConnections: 10, applicationName: "settings-0" };
const IN_FORCE_WITHIN_MS = 5_000;

/** Something that changes again and again. */
interface Way {
  readonly times: Readonly<Record<Effort, number>>;
  /** Whether connections that were made before a change go soon after it. */
  readonly isInForceSoon: boolean;
  /** Connections that there may be meanwhile. */
  readonly mostConnections: number;
  change(this: void, at: HubAtWork, turn: number): Promise<void>;
}

const alter = (role: string, password: string): string => `alter role ${role} password '${password}'`;

const WAYS = {
  "two roles": {
    times: { full: 10, quick: 3 },
    isInForceSoon: true,
    mostConnections: SETTINGS.maxConnections + 1,
    async change(at, turn) {
      const [role, password] = [ROLES[turn % 2]!, newPassword()];
      await ask(at.service, [alter(role, password)]);
      await at.writeURL(role, password);
    },
  },
  "one role": {
    times: { full: 10, quick: 3 },
    isInForceSoon: true,
    mostConnections: SETTINGS.maxConnections + 1,
    async change(at) {
      const [role, password] = [ROLES[0], newPassword()];
      await ask(at.service, [alter(role, password)]);
      await at.writeURL(role, password);
    },
  },
  // The file is read, and refused, before the database knows of it: the old connections go on, and who connects anew
  // has it read again.
  "one role, file first": {
    times: { full: 10, quick: 3 },
    isInForceSoon: false,
    mostConnections: SETTINGS.maxConnections + 1,
    async change(at) {
      const [role, password] = [ROLES[0], newPassword()];
      await at.writeURL(role, password);
      await pause(2 * WATCH_MS);
      await ask(at.service, [alter(role, password)]);
    },
  },
  reload: {
    times: { full: 20, quick: 5 },
    isInForceSoon: true,
    // The old pool goes when its calls are over.
    mostConnections: 2 * SETTINGS.maxConnections + 2,
    async change(at, turn) {
      const maxConnections = SETTINGS.maxConnections + (turn % 2);
      await at.configure({ maxConnections, applicationName: `settings-${turn}` });
      const { changed, failed } = await at.hub.reload();
      for (const error of failed.values()) throw error;
      if (changed.join() !== "db") throw new Error(`The reload changed: ${changed.join() || "nothing"}`);
    },
  },
} satisfies Readonly<Record<string, Way>>;

export const scenario: Scenario = {
  title: "credentials and settings change under 32 callers",
  limitMs: 5 * 60_000,
  parts: (effort) => Object.entries(WAYS).map(([name, way]) => partOf(name, way, effort)),
};

function partOf(name: string, way: Way, effort: Effort): Part {
  return {
    name,
    async run({ random }) {
      const at = await HubAtWork.open(ROLES, newPassword(), SETTINGS);
      try {
        return await underLoad(at, way, way.times[effort], random);
      } finally {
        await at.close();
      }
    },
  };
}

async function underLoad(at: HubAtWork, way: Way, times: number, random: Random): Promise<Outcome> {
  const { service } = at;
  let slowest = 0;
  let most = 0;
  const work = await at.underLoad(random, async () => {
    await pause(500);
    for (let turn = 1; turn <= times; turn++) {
      const { now } = await askOne<{ now: string }>(service, "select clock_timestamp()::text as now");
      const startedAt = performance.now();
      await way.change(at, turn);
      for (let isWaiting = true; isWaiting; await pause(20)) {
        const { all, old } = await connections(at, now);
        most = Math.max(most, all);
        const isLate = performance.now() - startedAt > 2 * IN_FORCE_WITHIN_MS;
        isWaiting = way.isInForceSoon && old > 0 && !isLate;
      }
      if (way.isInForceSoon) slowest = Math.max(slowest, performance.now() - startedAt);
      await pause(between(random, 0, 400));
    }
  });
  const { rows } = await askOne<{ rows: number }>(service, "select count(*)::int as rows from notes");
  const { all: after } = await connections(at, "-infinity");
  await endAll(at);
  const anew = await at.underLoad(random, () => pause(200));
  await at.hub.close();
  const { all: left } = await connections(at, "-infinity");
  return {
    facts: {
      changes: times,
      calls: work.calls,
      failed: work.failures.length,
      "rows acknowledged": work.rows,
      rows,
      "slowest in force (ms)": Math.round(slowest),
      "most connections": most,
      "connections after": after,
    },
    expectations: [
      expectNone("no call fails", [...new Set(work.failures)]),
      expectNone("no call fails where all connections have to be made anew", [...new Set(anew.failures)]),
      { what: "as many rows are there as were acknowledged", isMet: rows === work.rows, found: `${rows}` },
      expectAtMost("only new connections are left", slowest, IN_FORCE_WITHIN_MS, " ms after a change"),
      { what: "no more connections than allowed", isMet: most <= way.mostConnections, found: `${most}` },
      { what: "nothing is open when the hub is closed", isMet: left === 0, found: `${left}` },
    ],
  };
}

/** Those of the hub: all, and those that were made before `since`. */
async function connections(at: HubAtWork, since: string): Promise<{ readonly all: number; readonly old: number }> {
  const sql = `select count(*)::int as all, count(*) filter (where backend_start < $1::timestamptz)::int as old
    from pg_stat_activity where usename in (${NAMES})`;
  return askOne(at.service, sql, [since]);
}

/** Ends all connections while no call uses them, and lets the hub hear of it. */
async function endAll(at: HubAtWork): Promise<void> {
  await ask(at.service, [`select pg_terminate_backend(pid) from pg_stat_activity where usename in (${NAMES})`]);
  while ((await connections(at, "-infinity")).all > 0) await pause(20);
  await pause(100);
}

function newPassword(): string {
  return randomBytes(9).toString("hex");
}
