import { PassThrough, Writable } from "node:stream";
import type { WriteStream } from "node:tty";
import { describe, expect, it } from "vitest";
import { ConnectorError } from "../../core/errors.ts";
import { answerText } from "./answer-text.ts";
import { createOutput, type Output } from "./output.ts";
import { exitCodeOf, reportError } from "./report-error.ts";
import { UsageError } from "./usage-error.ts";

interface Terminal {
  readonly isTerminal?: boolean;
  readonly color?: boolean;
  readonly colors?: boolean;
  readonly columns?: number;
  readonly stdout?: Writable;
}

interface Watched {
  readonly output: Output;
  readonly told: () => string;
}

function watched(terminal: Terminal = {}): Watched {
  const { isTerminal = true, color = true, colors = true, columns = 80, stdout = new PassThrough() } = terminal;
  const stderr = new PassThrough();
  const facts = isTerminal ? { isTTY: true, columns, hasColors: () => colors } : {};
  const streams = { stdout: Object.assign(stdout, facts), stderr: Object.assign(stderr, facts) };
  return {
    // Only what the output looks at is there.
    output: createOutput({ color }, streams as unknown as { stdout: WriteStream; stderr: WriteStream }),
    told: () => String(stderr.read() ?? ""),
  };
}

function failing(code: string): Writable {
  return new Writable({
    write(_chunk, _encoding, done) {
      done(Object.assign(new Error(`write ${code}`), { code }));
    },
  });
}

describe("the output", () => {
  it("is coloured where people look and colours are welcome, and nowhere else", () => {
    expect(watched().output.paint("red", "x")).toBe("\u001b[31mx\u001b[0m");
    for (const plain of [{ isTerminal: false }, { color: false }, { colors: false }])
      expect(watched(plain).output.paint("red", "x")).toBe("x");
    expect([{}, { columns: 0 }, { isTerminal: false }].map((terminal) => watched(terminal).output.width)).toEqual([
      80,
      undefined,
      undefined,
    ]);
  });

  it("ends quietly when its reader has gone", async () => {
    const { output } = watched({ stdout: failing("EPIPE") });
    await output.write("a");
    expect(output.gone.aborted).toBe(true);
    await output.write("b");
  });

  it("says so when nothing can be written", async () => {
    const { output } = watched({ stdout: failing("ENOSPC") });
    await expect(output.write("a")).rejects.toMatchObject({
      kind: "internal",
      message: expect.stringContaining("ENOSPC"),
    });
    expect(output.gone.aborted).toBe(false);
  });

  it("waits for a slow reader, and no longer than the signal lets it", async () => {
    const taken: (() => void)[] = [];
    const slow = new Writable({ write: (_chunk, _encoding, done) => void taken.push(done) });
    const { output } = watched({ stdout: slow });
    let isTaken = false;
    const writing = output.write("a").then(() => (isTaken = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(isTaken).toBe(false);
    taken[0]!();
    await writing;
    const abort = new AbortController();
    const stuck = output.write("b", abort.signal);
    abort.abort(new ConnectorError("cancelled", "Interrupted"));
    await expect(stuck).rejects.toMatchObject({ kind: "cancelled" });
  });
});

describe("an answer for people", () => {
  const plain = watched({ color: false, columns: 60 }).output;

  it("is a table where it is rows", () => {
    const rows = [
      { id: 1, name: "Ada", at: new Date(0), blob: new Uint8Array([1, 255]), tags: ["a"], big: 12n },
      { id: 10, name: null, at: undefined, extra: true },
    ];
    expect(answerText(rows, {}, watched({ isTerminal: false }).output)).toBe(
      [
        "id  name  at                        blob    tags   big  extra",
        "──  ────  ────────────────────────  ──────  ─────  ───  ─────",
        ' 1  Ada   1970-01-01T00:00:00.000Z  \\x01ff  ["a"]   12',
        "10  NULL                                                true",
        "(2 rows)",
        "",
      ].join("\n"),
    );
  });

  it("has the columns of an empty answer where they are known", () => {
    expect(answerText([], { columns: [{ name: "id", type: "int4" }] }, plain)).toBe("id\n──\n(0 rows)\n");
    expect(answerText([], {}, plain)).toBe("[]\n");
  });

  it("is text, or indented JSON, without anything that a terminal obeys", () => {
    expect(answerText("a\u001b[2J", {}, plain)).toBe("a\\u001b[2J\n");
    expect(answerText({ a: "\u009b2J" }, {}, plain)).toBe('{\n  "a": "\\u009b2J"\n}\n');
    expect(answerText([{ a: "\u001b]0;x\u0007\n" }], {}, plain)).toContain("\\u001b]0;x\\u0007\\n");
    expect([answerText(null, {}, plain), answerText(undefined, {}, plain), answerText(5, {}, plain)]).toEqual([
      "null\n",
      "null\n",
      "5\n",
    ]);
    expect(answerText([1, { a: 1 }], {}, plain)).toBe('[\n  1,\n  {\n    "a": 1\n  }\n]\n');
  });
});

describe("an error on stderr", () => {
  const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const error = new ConnectorError("unavailable", "Failed\u001b[2J", { hint: "Start it.", outcome: "unknown", cause });

  it("has kind and hint, and what the system says colours nothing", async () => {
    const { output, told } = watched();
    await reportError(error, output, { json: false, verbose: false });
    expect(told()).toBe(
      "\u001b[31mbusbar:\u001b[0m Failed\\u001b[2J\n  kind: unavailable\n  hint: Start it.\n  outcome: unknown; the system may have carried it out\n",
    );
    expect(exitCodeOf(error)).toBe(69);
  });

  it("has its causes when more is asked for, also those of several tries at once", async () => {
    const { output, told } = watched({ color: false });
    const both = new ConnectorError("unavailable", "Failed", {
      cause: new AggregateError([cause, new Error("v6")], "all"),
    });
    await reportError(both, output, { json: false, verbose: true });
    expect(told().split("\n").slice(2, -1)).toEqual([
      "  caused by: AggregateError: all",
      "  caused by: Error: connect ECONNREFUSED (ECONNREFUSED)",
      "  caused by: Error: v6",
    ]);
  });

  it("is JSON for machines", async () => {
    const { output, told } = watched({ color: false });
    await reportError(error, output, { json: true, verbose: true });
    expect(JSON.parse(told())).toEqual({
      error: {
        kind: "unavailable",
        message: "Failed\u001b[2J",
        hint: "Start it.",
        outcome: "unknown",
        causes: ["Error: connect ECONNREFUSED (ECONNREFUSED)"],
      },
    });
    await reportError(new UsageError("Unknown flag"), output, { json: true, verbose: false });
    expect(JSON.parse(told())).toEqual({ error: { kind: "usage", message: "Unknown flag" } });
    expect([exitCodeOf(new UsageError("x")), exitCodeOf(new Error("x")), exitCodeOf(1)]).toEqual([64, 70, 70]);
  });
});
