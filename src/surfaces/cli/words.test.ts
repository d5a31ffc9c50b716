import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConnectorError } from "../../core/errors.ts";
import { write } from "../../core/operation.ts";
import { flagsOf, takesAnyInput } from "../../render/cli-help.ts";
import { readOperationWords, readTypedInput, type TypedInput } from "./operation-words.ts";
import { takeSharedOptions } from "./shared-options.ts";
import { UsageError } from "./usage-error.ts";

describe("options that every command takes", () => {
  it("are taken wherever they stand", () => {
    const words = ["--config", "a.yaml", "list", "--verbose", "-c", "b.yaml", "--no-color", "--config=c.yaml", "x"];
    expect(takeSharedOptions(words)).toEqual({
      shared: { config: ["a.yaml", "b.yaml", "c.yaml"], json: false, verbose: true },
      input: undefined,
      words: ["list", "x"],
    });
  });

  it("read --json alone as the answer's form, and followed by an object as the input", () => {
    expect(takeSharedOptions(["exec", "--json", "db", "query"])).toMatchObject({
      shared: { json: true },
      input: undefined,
    });
    expect(takeSharedOptions(["exec", "db", "--json", ' {"a":1}'])).toMatchObject({
      shared: { json: false },
      input: ' {"a":1}',
      words: ["exec", "db"],
    });
    expect(takeSharedOptions(["--json={}", "--json", "x"])).toMatchObject({ shared: { json: true }, input: "{}" });
    expect(() => takeSharedOptions(["--json", "{}", "--json", "{}"])).toThrow(/more than once/);
    expect(() => takeSharedOptions(["list", "--config"])).toThrow(/needs the name of a file/);
  });
});

describe("the words of an operation", () => {
  it("begin with its name, with options of the command anywhere", () => {
    const words = ["--timeout", "5s", "query", "--sql", "select 1", "--human", "-h"];
    expect(readOperationWords({ name: "db", words, input: undefined })).toEqual({
      name: "db",
      operation: "query",
      isHelp: true,
      timeout: "5s",
      idempotencyKey: undefined,
      human: true,
      typed: ["--sql", "select 1"],
    });
    expect(readOperationWords({ name: "db", words: ["query", "-t", "250"], input: undefined }).timeout).toBe(250);
    for (const words of [
      ["insert", "--idempotency-key", "-k=1"],
      ["insert", "--idempotency-key=-k=1"],
    ])
      expect(readOperationWords({ name: "db", words, input: undefined })).toMatchObject({
        operation: "insert",
        idempotencyKey: "-k=1",
        typed: [],
      });
    expect(() => readOperationWords({ name: "db", words: ["q", "--idempotency-key"], input: undefined })).toThrow(
      /needs a key/,
    );
    expect(readOperationWords({ name: "db", words: ["--help"], input: undefined }).operation).toBe(undefined);
    expect(() => readOperationWords({ name: "db", words: ["q", "--timeout"], input: undefined })).toThrow(/duration/);
  });

  const operation = write(
    "Writes.",
    z.strictObject({
      sql: z.string(),
      maxRows: z.int().optional(),
      all: z.boolean().optional(),
      values: z.array(z.unknown()).optional(),
      columns: z.array(z.string()).optional(),
      returning: z.union([z.boolean(), z.array(z.string())]).optional(),
    }),
    z.unknown(),
  );
  const known = { flags: flagsOf(operation), isOpen: takesAnyInput(operation) };
  const typed = (...words: string[]): TypedInput => readTypedInput(words, known);
  const input = (...words: string[]): unknown => typed(...words).values;

  it("are flags with their values, in every way of writing them", () => {
    expect(input("--sql", "-- note\nselect 1", "--max-rows=5", "--all")).toEqual({
      sql: "-- note\nselect 1",
      maxRows: 5,
      all: true,
    });
    expect(input("--maxRows", "-5", "--no-all", "--sql=a=b")).toEqual({ maxRows: -5, all: false, sql: "a=b" });
    expect(input("--columns", "a", "--columns", "b")).toEqual({ columns: ["a", "b"] });
    expect(input("--returning")).toEqual({ returning: true });
    expect(input("--returning", "--all")).toEqual({ returning: true, all: true });
    expect(input("--returning", "id")).toEqual({ returning: ["id"] });
    expect(input("--all=false")).toEqual({ all: false });
  });

  it("ask for stdin with a dash that is not a value", () => {
    expect(typed("-", "--all")).toEqual({ isFromStdin: true, values: { all: true } });
    expect(typed("--sql", "-")).toEqual({ isFromStdin: false, values: { sql: "-" } });
  });

  it.each([
    [["--sqll", "x"], "Unknown flag --sqll", "Did you mean --sql?"],
    [["--sqll=hunter22"], "Unknown flag --sqll", "Did you mean --sql?"],
    [["--no-sql"], "Unknown flag --no-sql", undefined],
    [["hunter22"], "Found a value without its flag", undefined],
    [["--sql"], "--sql needs a value", undefined],
  ])("are refused where nothing fits: %j", (words, message, hint) => {
    expect(() => input(...words)).toThrow(message);
    if (hint !== undefined) expect(() => input(...words)).toThrow(expect.objectContaining({ hint }));
  });

  it("never end in anything but an input or a refusal that says why", () => {
    const pieces = [
      "--sql",
      "--max-rows",
      "--all",
      "--no-all",
      "--returning",
      "--json",
      "-c",
      "--timeout",
      "-",
      "--",
      "=",
    ];
    const word = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: "binary" }), fc.json());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        try {
          const { words: rest, input: json } = takeSharedOptions(words);
          readTypedInput(readOperationWords({ name: "db", words: rest, input: json }).typed, known);
        } catch (error) {
          expect(error instanceof UsageError || error instanceof ConnectorError, String(error)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("may be anything where the schema does not tell the names", () => {
    for (const open of [z.unknown(), z.looseObject({ id: z.string() }), z.record(z.string(), z.unknown())]) {
      const operation = write("Writes.", open, z.unknown());
      const flags = { flags: flagsOf(operation), isOpen: takesAnyInput(operation) };
      expect(readTypedInput(["--any-name", "5", "--other", "--list", "[1]"], flags).values).toEqual({
        anyName: 5,
        other: true,
        list: [1],
      });
    }
  });
});
