import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { secret } from "../config/fields.ts";
import { read, stream, type Operation } from "../core/operation.ts";
import { commandLine, flagsOf, type Flag } from "./cli-help.ts";

const taking = (input: z.ZodType): Operation => read("Reads.", input, z.unknown());
const flag = (schema: z.ZodType): Flag => flagsOf(taking(z.strictObject({ input: schema })))[0]!;
const valueFor = (schema: z.ZodType, ...texts: string[]): unknown => flag(schema).read(texts);
const refused = (schema: z.ZodType, ...texts: string[]): string => {
  try {
    flag(schema).read(texts);
  } catch (error) {
    expect(error).toMatchObject({ kind: "input_invalid", outcome: "none" });
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
};

describe("the flags of an operation", () => {
  it("are named, described and marked as the schema says", () => {
    const operation = taking(
      z.strictObject({
        sql: z.string().meta({ description: "The statement." }),
        maxRows: z.int().min(1).default(100).meta({ description: "Most rows." }),
        order: z.enum(["up", "down"]).optional(),
        returning: z.union([z.boolean(), z.array(z.string())]).optional(),
        all: z.boolean().default(false),
        since: z.date().optional(),
        password: secret("The password."),
      }),
    );
    expect(flagsOf(operation).map(({ flag: typed, value, isRequired }) => [typed, value, isRequired])).toEqual([
      ["--sql", "<text>", true],
      ["--max-rows", "<number>", false],
      ["--order", "<up|down>", false],
      ["--returning", "[value]", false],
      ["--all", undefined, false],
      ["--since", "<date>", false],
      ["--password", "<text>", true],
    ]);
    expect(flagsOf(operation)[1]).toMatchObject({ name: "maxRows", description: "Most rows.", standard: 100 });
  });

  it("cover every form that an input may take, required where all forms require them", () => {
    const input = z.union([
      z.strictObject({ id: z.string(), deep: z.boolean() }),
      z.strictObject({ id: z.string(), name: z.string() }),
    ]);
    expect(flagsOf(taking(input)).map(({ name, isRequired }) => [name, isRequired])).toEqual([
      ["id", true],
      ["deep", false],
      ["name", false],
    ]);
  });

  it("leave out what only code can pass", () => {
    expect(flagsOf(taking(z.object({ body: z.instanceof(Uint8Array), id: z.string() }))).map((f) => f.name)).toEqual([
      "id",
    ]);
  });
});

describe("the text of a flag", () => {
  it("is text where only text is allowed", () => {
    for (const text of ["select 1", "5", "true", "null", "[1]", "", "--x"])
      expect(valueFor(z.string().optional(), text)).toBe(text);
  });

  it("is a number, a truth value, a date or a big integer where the schema says so", () => {
    expect(valueFor(z.int(), "-12")).toBe(-12);
    expect(valueFor(z.number().nullable(), "1.5e3")).toBe(1500);
    expect(valueFor(z.number().nullable(), "null")).toBe(null);
    expect(valueFor(z.boolean(), "false")).toBe(false);
    expect(valueFor(z.date().optional(), "2026-01-31T12:00:00Z")).toEqual(new Date("2026-01-31T12:00:00Z"));
    expect(valueFor(z.bigint(), "9007199254740993")).toBe(9007199254740993n);
    expect(valueFor(z.union([z.number(), z.string()]), "30s")).toBe("30s");
    expect(valueFor(z.union([z.number(), z.string()]), "007")).toBe("007");
  });

  it("is JSON for lists and objects, with the tags of the codec", () => {
    expect(valueFor(z.array(z.unknown()), '[1, "a", {"$bytes":"AQI="}]')).toEqual([1, "a", new Uint8Array([1, 2])]);
    expect(valueFor(z.record(z.string(), z.unknown()), '{"a":null}')).toEqual({ a: null });
  });

  it("makes a list of plain values, also given several times", () => {
    expect(valueFor(z.array(z.string()), "a", "b")).toEqual(["a", "b"]);
    expect(valueFor(z.array(z.int()), "1")).toEqual([1]);
    expect(valueFor(z.union([z.boolean(), z.array(z.string())]), "id")).toEqual(["id"]);
    expect(valueFor(z.union([z.boolean(), z.array(z.string())]), "true")).toBe(true);
    expect(refused(z.string(), "a", "b")).toContain("--input is given more than once");
  });

  it("is a JSON value or itself where anything is allowed", () => {
    const any = z.unknown();
    expect(
      ["5", "true", "null", "ada", '"5"', '{"a":1}', "9007199254740993"].map((text) => valueFor(any, text)),
    ).toEqual([5, true, null, "ada", "5", { a: 1 }, "9007199254740993"]);
  });

  it("is refused without being repeated where it means nothing", () => {
    expect(refused(z.int(), "hunter22")).toBe("--input takes a number");
    expect(refused(z.int(), "9007199254740993")).toContain("more digits than a number keeps");
    expect(refused(z.array(z.unknown()), "[hunter22")).not.toContain("hunter22");
    expect(refused(z.unknown(), '{"password":"hunter22"')).not.toContain("hunter22");
    expect(refused(z.date(), "hunter22")).toBe("--input takes a date (ISO 8601)");
  });
});

describe("the command line of an example", () => {
  const operation = stream(
    "Streams.",
    z.strictObject({
      sql: z.string(),
      values: z.array(z.unknown()).optional(),
      all: z.boolean().optional(),
      data: z.unknown().optional(),
      returning: z.union([z.boolean(), z.array(z.string())]).optional(),
    }),
    z.unknown(),
  );

  it("reads well", () => {
    const input = { sql: "select $1", values: [1, "a"], all: true };
    expect(commandLine("db", "queryStream", operation, input)).toBe(
      `busbar stream db queryStream --sql 'select $1' --values '[1,"a"]' --all`,
    );
    expect(commandLine("db", "queryStream", operation, { sql: "a", other: 1 })).toBe(
      `busbar stream db queryStream --json '{"sql":"a","other":1}'`,
    );
  });

  it.each([
    { sql: "it's $HOME `x` \\ \n \u00e9", values: ["it's", null, { a: [true] }] },
    { sql: "5", all: false, data: "5", returning: true },
    { sql: "--", data: "null", returning: ["id", "na me"] },
    { sql: "null", data: { a: "b" }, returning: false },
    { sql: "a", data: '{"not": json' },
  ])("says the same as the input through a real shell: %j", (input) => {
    const line = commandLine("db", "queryStream", operation, input).replace(/^busbar/, "printf '%s\\0'");
    const words = execFileSync("sh", ["-c", line], { encoding: "utf8" }).split("\0").slice(3, -1);
    const flags = flagsOf(operation);
    const back: Record<string, unknown> = {};
    while (words.length > 0) {
      const typed = words.shift()!;
      const found = flags.find((f) => f.flag === typed.replace("--no-", "--"))!;
      if (found.isSwitch) back[found.name] = !typed.startsWith("--no-");
      else if (found.value === "[value]" && words[0]?.startsWith("--") !== false) back[found.name] = true;
      else back[found.name] = found.read([words.shift()!]);
    }
    expect(back).toEqual(input);
  });
});
