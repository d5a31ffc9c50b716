/** The compiled command line as a shell starts it: a process of its own, in a folder of its own. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { node } from "../package/execute.ts";

const root = resolve(import.meta.dirname, "../..");
const dist = join(root, "dist");
const main = join(dist, "surfaces/cli/main.js");

/** Longer than any command here takes on a busy machine. */
const LIMIT_MS = 30_000;

/** Makes `dist` from the sources where it is missing or stale. */
export async function build(): Promise<void> {
  await node(["scripts/run.mjs", "build"], { cwd: root });
}

export interface Ended {
  /** What a shell calls `$?`. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when stderr has had this text. */
  told(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What stdin has; it is empty without. */
  readonly input?: string;
  /** Stdin stays open. */
  readonly isOpen?: boolean;
  /** Below the folder. */
  readonly cwd?: string;
}

/** What V8 writes where NODE_V8_COVERAGE says. */
interface Coverage {
  readonly result: readonly { readonly url: string }[];
}

/** A folder with a configuration, in which commands are run. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), "busbar-cli-"));

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const file = join(this.folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  start(words: readonly string[], { env = {}, input, isOpen = false, cwd = "." }: StartOptions = {}): Started {
    const child = spawn(process.execPath, [main, ...words], {
      cwd: join(this.folder, cwd),
      // Nothing of this machine but what a program needs to start.
      env: { PATH: process.env["PATH"], TMPDIR: tmpdir(), ...env },
      timeout: LIMIT_MS,
      killSignal: "SIGKILL",
    });
    const parts = { stdout: "", stderr: "" };
    const listeners = new Set<() => void>();
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        parts[name] += text;
        for (const listener of listeners) listener();
      });
    // A command that does not read its stdin may be over before it has been written.
    child.stdin.on("error", () => {});
    if (!isOpen) child.stdin.end(input);
    const ended = new Promise<Ended>((settle, reject) => {
      child.on("error", reject).on("close", (code) => settle({ code, ...parts }));
    });
    const told = (text: string): Promise<void> =>
      new Promise((settle, reject) => {
        const look = (): void => {
          if (!parts.stderr.includes(text)) return;
          listeners.delete(look);
          settle();
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`It ended without saying "${text}":\n${parts.stderr}`)));
      });
    return { child, told, ended };
  }

  run(words: readonly string[], options?: StartOptions): Promise<Ended> {
    return this.start(words, options).ended;
  }

  /** The files that a command loads, from `dist` on, and those of packages. */
  async loadedFor(words: readonly string[], { env = {} }: StartOptions = {}): Promise<string[]> {
    const folder = join(this.folder, "coverage");
    await this.run(words, { env: { ...env, NODE_V8_COVERAGE: folder } });
    const files = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Coverage);
    rmSync(folder, { recursive: true });
    const urls = files.flatMap(({ result }) => result.map(({ url }) => url)).filter((url) => url.startsWith("file:"));
    return urls.map((url) => fileURLToPath(url).replace(`${dist}/`, "")).sort();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * A connector in one file, for which no server is needed: it answers with rows, echoes, hangs, streams, fails in every way
 * and says on stderr what it does. It is imported by path, as users' own are.
 */
export function scriptedConnector(): string {
  const library = pathToFileURL(join(dist, "index.js")).href;
  return `
import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
import { ConnectorError, defineConnector, read, secret, stream, write } from ${JSON.stringify(library)};

const any = z.unknown();
const say = (text) => process.stderr.write(text + "\\n");

export default defineConnector({
  provider: "scripted",
  type: "custom",
  title: "Scripted system",
  summary: "Does what it is told.",
  connection: z.strictObject({
    host: z.string().default("localhost"),
    token: secret("The token.").optional(),
    refuses: z.boolean().default(false),
  }),
  options: z.strictObject({
    health: z.enum(["ok", "slow", "down"]).default("ok").meta({ description: "What a health check finds." }),
    closes: z.boolean().default(true),
  }),
  operations: {
    find: read(
      "Finds places.",
      z.strictObject({
        name: z.string().min(1).meta({ description: "What to look for." }),
        limit: z.int().min(1).default(2).meta({ description: "Most places." }),
        exact: z.boolean().optional(),
      }),
      z.array(any),
      { examples: [{ title: "By name", input: { name: "Tokyo Tower" } }] },
    ),
    echo: write("Answers with its input.", z.looseObject({ at: z.date().optional() }), any),
    types: read("Answers with every type.", z.strictObject({}), any),
    hang: write("Never answers.", z.strictObject({}), any),
    count: stream("Counts.", z.strictObject({ to: z.number().default(Infinity), size: z.int().default(0) }), any),
    fail: read("Fails.", z.strictObject({ kind: z.string(), with: z.string().default("") }), any),
    leak: read("Fails and tells its secrets.", z.strictObject({}), any),
    crash: read("Fails outside of the call.", z.strictObject({}), any),
    leave: read("Leaves a timer behind.", z.strictObject({}), any),
  },
  async open({ connection, options }) {
    if (connection.refuses) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    return {
      handlers: {
        find: async ({ name, limit }) =>
          Array.from({ length: limit }, (_, i) => ({ id: i + 1, name, city: "東京", note: i === 0 ? null : "\\u001b[2J" })),
        echo: async (input) => input,
        types: async () => ({
          at: new Date(0), bytes: new Uint8Array([1, 2, 3]), big: 9007199254740993n, not: NaN, nothing: null,
        }),
        hang: (_, call) =>
          new Promise((_, reject) => {
            say("hanging");
            call.onCancel((reason) => { say("stopped"); reject(reason); });
          }),
        count: async function* ({ to, size }, call) {
          say("counting");
          let i = 0;
          try { for (; i < to; i++) yield size === 0 ? { i } : { i, text: "x".repeat(size) }; }
          finally { say("stopped counting after " + i); }
        },
        fail: async ({ kind, with: text }) => {
          throw new ConnectorError(kind, "It failed on purpose", {
            hint: "Do not ask for it.",
            cause: new Error("The cause " + text),
          });
        },
        leak: async () => {
          const token = connection.token.reveal();
          throw new Error("The token is " + token, { cause: new Error("because of " + token) });
        },
        crash: () => new Promise(() => setImmediate(() => { throw new Error("It crashed"); })),
        leave: async () => { setInterval(() => {}, 1000); return "left"; },
      },
      async ping() {
        if (options.health === "down") throw new ConnectorError("unavailable", "It is down");
        if (options.health === "slow") return { degraded: "It is slow" };
      },
      async close() {
        say("closing");
        if (!options.closes) await new Promise((resolve) => setTimeout(resolve, 60_000));
        say("closed");
      },
    };
  },
  classify: () => undefined,
});
`;
}
