/** The commands about a configuration, as processes: init, validate, list, check, explain, and how they are called. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, scriptedConnector, Workplace, type Ended } from "./cli-process.ts";

const place = new Workplace();
const TOKEN = "canary-51c0de";

const YAML = `connectors:
  - name: places
    type: custom
    provider: ./scripted.js
    connection: { host: example.com, token: "\${TOKEN}" }
    options:
      timeout: 20s
      attemptTimeout: 4s
      retryAttempts: 4
  - name: extra
    type: custom
    provider: ./scripted.js
    options: { health: down }
    required: false
`;

const env = { TOKEN };
const run = (words: readonly string[], cwd = "."): Promise<Ended> => place.run(words, { env, cwd });

beforeAll(async () => {
  await build();
  place.write({
    "scripted.js": scriptedConnector(),
    "connectors.yaml": YAML,
    "deep/er/readme.txt": "",
    "prod.yaml": "connectors:\n  - name: places\n    options: { timeout: 7s }\n",
  });
}, 180_000);

afterAll(() => place.remove());

describe("validate", () => {
  it("says that nothing is wrong", async () => {
    expect(await run(["validate"])).toEqual({
      code: 0,
      stdout: "connectors.yaml: 2 connectors, nothing is wrong\n",
      stderr: "",
    });
    const { stdout } = await run(["validate", "--json"]);
    expect(JSON.parse(stdout)).toEqual({
      valid: true,
      files: ["connectors.yaml"],
      connectors: ["places", "extra"],
      warnings: [],
    });
  });

  it("warns of settings that contradict each other, and finds nothing wrong with them", async () => {
    place.write({ "odd.yaml": YAML.replace("attemptTimeout: 4s", "attemptTimeout: 1m") });
    const sentence =
      "attemptTimeout (60 s, odd.yaml:8:23) never takes effect, because timeout (20 s, odd.yaml:7:16) ends the call first; make it shorter.";
    expect(await run(["validate", "-c", "odd.yaml"])).toEqual({
      code: 0,
      stdout: `odd.yaml: 2 connectors, nothing is wrong\n\nWarning: places: ${sentence}\n`,
      stderr: "",
    });
    const settings = [
      { path: "options.attemptTimeout", source: "odd.yaml:8:23" },
      { path: "options.timeout", source: "odd.yaml:7:16" },
    ];
    const validated = await run(["validate", "-c", "odd.yaml", "--json"]);
    const warning = { message: sentence, settings };
    expect(JSON.parse(validated.stdout)).toMatchObject({
      valid: true,
      warnings: [{ connector: "places", ...warning }],
    });
    const explained = await run(["explain", "places", "-c", "odd.yaml", "--json"]);
    expect(JSON.parse(explained.stdout)).toMatchObject({ warnings: [warning] });
    expect((await run(["explain", "places", "-c", "odd.yaml"])).stdout).toContain(`\n  Warning: ${sentence}\n`);
  });

  it("tells everything that is wrong at once, with its place and what was meant", async () => {
    place.write({
      "wrong.yaml": `connectors:
  - name: a
    type: custom
    provider: ./scripted.js
    conection: { token: "\${FIRST}" }
    options: { timeuot: 5s, retryAttempts: many }
  - name: a
    type: custom
    provider: ./scripted.js
    connection: { token: "\${SECOND}" }
  - name: b
    type: database
    provider: postgrsql
  - { name: c, type: custom, provider: ./missing.js }
`,
    });
    const { code, stdout, stderr } = await run(["validate", "--config", "wrong.yaml"]);
    expect(code).toBe(78);
    expect(stdout).toBe("");
    for (const text of [
      /wrong\.yaml:5:\d+: .*conection.*did you mean "connection"/,
      /wrong\.yaml:5:\d+: .*FIRST/,
      /wrong\.yaml:6:\d+: .*timeuot.*did you mean "timeout"/,
      /wrong\.yaml:6:\d+: .*retryAttempts/,
      /wrong\.yaml:7:\d+: .*"?a"?/,
      /wrong\.yaml:10:\d+: .*SECOND/,
      /wrong\.yaml:13:\d+: .*postgrsql.*did you mean "postgresql"/,
      /wrong\.yaml:14:\d+: .*missing\.js/,
    ])
      expect(stderr).toMatch(text);
    expect(stderr).toContain("kind: config_invalid");
    const forMachines = await run(["validate", "--config", "wrong.yaml", "--json"]);
    const told = JSON.parse(forMachines.stdout) as { valid: boolean; problems: object[] };
    expect(told.valid).toBe(false);
    expect(told.problems).toContainEqual(
      expect.objectContaining({ file: "wrong.yaml", line: 13, column: expect.any(Number), connector: "b" }),
    );
    expect(forMachines).toMatchObject({ code: 78, stderr: "" });
  });

  it.each([
    ["connectors: [", /broken\.yaml:1:\d+/],
    ["", /broken\.yaml:1:1/],
    ["\u0000\u0001", /broken\.yaml/],
  ])("says where a file is no YAML: %j", async (text, place_) => {
    place.write({ "broken.yaml": text });
    const ended = await run(["validate", "-c", "broken.yaml"]);
    expect(ended.stderr).toMatch(place_);
    expect(ended.code).toBe(78);
  });

  it("says which variable is missing", async () => {
    const ended = await place.run(["list"]);
    expect(ended.stderr).toMatch(/connectors\.yaml:5:\d+: .*TOKEN/);
    expect(ended.code).toBe(78);
  });
});

describe("the configuration", () => {
  it("is the nearest connectors.yaml upwards, and paths in it start from where it is", async () => {
    const { code, stdout } = await run(["list", "--json"], "deep/er");
    expect(JSON.parse(stdout)).toMatchObject([{ name: "places" }, { name: "extra" }]);
    expect(code).toBe(0);
  });

  it("is merged of several files, of which later ones win", async () => {
    const { stdout } = await run(["--config", "connectors.yaml", "explain", "places", "-c", "prod.yaml", "--json"]);
    const { pipeline } = JSON.parse(stdout) as { pipeline: { policy: string; settings: object[] }[] };
    const deadline = pipeline.find(({ policy }) => policy === "Deadline");
    expect(deadline?.settings).toEqual([
      { path: "options.timeout", value: 7000, source: expect.stringMatching(/^prod\.yaml:3:/) },
    ]);
  });

  it("is missed with a hint", async () => {
    const empty = new Workplace();
    const ended = await empty.run(["list"]);
    empty.remove();
    expect(ended.stderr).toContain("busbar init");
    expect(ended).toMatchObject({ code: 78, stdout: "" });
    const named = await run(["list", "--config", "nowhere.yaml"]);
    expect(named.stderr).toContain("nowhere.yaml");
    expect(named.code).toBe(78);
  });
});

describe("list", () => {
  it("is a table of the connectors, or of what they can do", async () => {
    const { stdout } = await run(["list"]);
    expect(stdout.split("\n")[2]).toBe("places  custom  ./scripted.js  Scripted system");
    const operations = await run(["list", "--operations"]);
    expect(operations.stdout).toMatch(/^places +find +read +once +Finds places\.$/m);
    expect(operations.stdout).toMatch(/^places +count +read +stream +Counts\.$/m);
    const asJson = JSON.parse((await run(["list", "-o", "--json"])).stdout) as { operations: object[] }[];
    expect(asJson[0]?.operations[1]).toEqual({
      name: "echo",
      effect: "unsafe",
      stream: false,
      summary: "Answers with its input.",
    });
  });
});

describe("check", () => {
  it("is content when all that is required works", async () => {
    const { code, stdout } = await run(["check"]);
    expect(stdout).toMatch(/^places +healthy +yes +[\d.]+ ms$/m);
    expect(stdout).toMatch(/^extra +unhealthy +no +It is down/m);
    expect(stdout).toContain("\ndegraded\n");
    expect(code).toBe(0);
  });

  it("ends with the code of unavailable when a required one, or the one that was asked about, does not work", async () => {
    const named = await run(["check", "extra", "--json"]);
    expect(JSON.parse(named.stdout)).toMatchObject({
      status: "unhealthy",
      connectors: { extra: { status: "unhealthy", required: false, error: expect.stringContaining("It is down") } },
    });
    expect(named.code).toBe(69);
    place.write({
      "down.yaml": `connectors:
  - { name: well, type: custom, provider: ./scripted.js }
  - { name: slow, type: custom, provider: ./scripted.js, options: { health: slow } }
  - { name: away, type: custom, provider: ./scripted.js, connection: { refuses: true } }
`,
    });
    const all = await run(["check", "-c", "down.yaml"]);
    expect(all.stdout).toMatch(/^slow +degraded/m);
    expect(all.stdout).toMatch(/^away +unhealthy +yes +Failed to connect to Scripted system/m);
    expect(all.code).toBe(69);
    const slow = await run(["check", "slow", "-c", "down.yaml"]);
    expect(slow.code).toBe(0);
  });

  it("knows its connectors", async () => {
    const { code, stderr } = await run(["check", "place"]);
    expect(stderr).toContain("places");
    expect(code).toBe(66);
  });
});

describe("explain", () => {
  it("shows the pipeline in order, every setting with its source, and the worst case", async () => {
    const { code, stdout } = await run(["explain", "places", "--json"]);
    const told = JSON.parse(stdout) as Record<string, unknown>;
    expect(told).toMatchObject({ name: "places", title: "Scripted system", source: "connectors.yaml:2:5" });
    expect(told["settings"]).toEqual([
      { path: "connection.host", value: "example.com", source: "connectors.yaml:5:25" },
      { path: "connection.token", value: "[redacted]", source: "connectors.yaml:5:45" },
      { path: "connection.refuses", value: false, source: "default" },
      { path: "options.health", value: "ok", source: "default" },
      { path: "options.closes", value: true, source: "default" },
    ]);
    const pipeline = told["pipeline"] as {
      policy: string;
      on: boolean;
      settings: { path: string; source: string }[];
    }[];
    expect(pipeline.map(({ policy, on }) => [policy, on])).toEqual([
      ["Observation", true],
      ["Cache", false],
      ["Deadline", true],
      ["Concurrency limit", false],
      ["Hedging", false],
      ["Retry", true],
      ["Credential renewal", true],
      ["Circuit breaker", false],
      ["Rate limit", false],
      ["Attempt timeout", true],
      ["Failures on purpose", false],
    ]);
    expect(pipeline.flatMap(({ settings }) => settings.map(({ path, source }) => [path, source]))).toEqual([
      ["options.timeout", "connectors.yaml:7:16"],
      ["options.retryAttempts", "connectors.yaml:9:22"],
      ["options.retry.delay", "default"],
      ["options.retry.maxDelay", "default"],
      ["options.retry.budget.ratio", "default"],
      ["options.retry.budget.minPerSecond", "default"],
      ["options.retry.on", "default"],
      ["options.retry.never", "default"],
      ["options.attemptTimeout", "connectors.yaml:8:23"],
    ]);
    // 200 + 400 + 800 ms of waits between four tries of 4 s.
    expect(told["worstCase"]).toEqual({
      tries: 4,
      amplification: 1.2,
      waitMs: 1400,
      triesMs: 17_400,
      timeMs: 20_000,
      notes: [],
    });
    expect(code).toBe(0);
  });

  it("reads well", async () => {
    const { stdout } = await run(["explain", "places"]);
    expect(stdout).toContain("places: Scripted system (type custom, provider ./scripted.js), connectors.yaml:2:5\n");
    expect(stdout).toMatch(/^connection\.token +\[redacted\] +connectors\.yaml:5:45$/m);
    expect(stdout).toMatch(/^3 Deadline +on +options\.timeout +20000 +connectors\.yaml:7:16$/m);
    expect(stdout).toMatch(/^12 Scripted system$/m);
    expect(stdout).toContain("time   20 s, whatever waits\n");
  });

  it("knows its connectors", async () => {
    const { code, stderr } = await run(["explain", "place"]);
    expect(stderr).toContain('did you mean "places"?');
    expect(code).toBe(66);
  });
});

describe("init", () => {
  it("writes a configuration that is right once its variables are set", async () => {
    const fresh = new Workplace();
    try {
      const { code, stdout } = await fresh.run(["init", "-p", "postgresql", "-p", "rest", "--json"]);
      const { file, providers, variables } = JSON.parse(stdout) as Record<string, string[]>;
      expect([file, providers, code]).toEqual(["connectors.yaml", ["postgresql", "rest"], 0]);
      expect(readFileSync(join(fresh.folder, "connectors.yaml"), "utf8")).toContain("# PostgreSQL");
      const set = Object.fromEntries((variables ?? []).map((name) => [name, "value"]));
      const valid = await fresh.run(["validate"], { env: set });
      expect(valid.stdout).toBe("connectors.yaml: 2 connectors, nothing is wrong\n");
    } finally {
      fresh.remove();
    }
  });

  it("writes, without a choice, a configuration that works at once", async () => {
    const fresh = new Workplace();
    try {
      const { code, stdout } = await fresh.run(["init", "--json"]);
      expect([code, JSON.parse(stdout)]).toEqual([
        0,
        { file: "connectors.yaml", providers: ["sqlite"], variables: [] },
      ]);
      expect((await fresh.run(["check"])).code).toBe(0);
      const yaml = readFileSync(join(fresh.folder, "connectors.yaml"), "utf8");
      const name = /name: (\S+)/.exec(yaml)?.[1] ?? "";
      const asked = await fresh.run(["exec", name, "query", "--json", '{"sql":"select 1 as one"}']);
      expect(asked.stdout).toMatch(/"one": ?1/);
    } finally {
      fresh.remove();
    }
  });

  it("writes what is chosen, where it is told, and replaces nothing unless it is told", async () => {
    const first = await run(["init", "--provider", "rest", "--config", "new.yaml"]);
    expect(first.stdout).toContain("Wrote new.yaml: rest.\n");
    const again = await run(["init", "-p", "postgresql", "-c", "new.yaml"]);
    expect(again).toMatchObject({ code: 83, stdout: "", stderr: expect.stringContaining("--force replaces it") });
    expect(readFileSync(join(place.folder, "new.yaml"), "utf8")).not.toContain("postgresql");
    const forced = await run(["init", "-p", "postgresql", "-p", "postgresql", "-c", "new.yaml", "--force"]);
    expect(forced.stdout).toContain("Wrote new.yaml: postgresql.\n");
    expect(readFileSync(join(place.folder, "new.yaml"), "utf8")).not.toContain("provider: rest");
  });

  it.each([
    [["init", "--provider", "postgres"], 64, "Did you mean postgresql?"],
    [["init", "-c", "a.yaml", "-c", "b.yaml"], 64, "name --config once"],
    [["init", "-c", "no/such/folder.yaml"], 78, "cannot be written"],
  ])("refuses %j with %i", async (words, code, text) => {
    const ended = await run(words);
    expect(ended.stderr).toContain(text);
    expect(ended).toMatchObject({ code, stdout: "" });
  });
});

describe("a command", () => {
  it.each([
    [["lsit"], "Did you mean list?"],
    [["list", "--opertions"], "Did you mean --operations?"],
    [["list", "too", "much"], "Too many arguments"],
    [["list", "--json", "{}"], "--json stands alone"],
    [["explain"], "Missing required argument 'name'"],
    [["list", "--config"], "--config needs the name of a file"],
  ])("that is not understood ends with 64 and a hint: %j", async (words, text) => {
    const ended = await run(words);
    expect(ended.stderr).toContain(text);
    expect(ended.stderr).toContain("kind: usage");
    expect(ended).toMatchObject({ code: 64, stdout: "" });
  });

  it("explains itself", async () => {
    const help = await run(["--help"]);
    for (const name of ["init", "validate", "list", "check", "exec", "stream", "explain"])
      expect(help.stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    expect((await run(["help", "exec"])).stdout).toContain("--sql 'select * from users where id = $1'");
    const nothing = await run([]);
    expect(nothing).toMatchObject({ code: 64, stdout: "", stderr: help.stdout });
  });

  it("never prints a secret", async () => {
    const commands = [["list", "-o"], ["validate"], ["explain", "places"], ["check"], ["exec", "places", "--help"]];
    const all = commands.flatMap((words) => [words, [...words, "--json"], [...words, "--verbose"]]);
    for (const { stdout, stderr } of await Promise.all(all.map((words) => run(words))))
      expect(stdout + stderr).not.toContain(TOKEN);
  });
});

describe("--version", () => {
  it("prints the version, and loads nothing that it does not need", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    for (const words of [["--version"], ["-V"], ["--version", "--no-color"]])
      expect(await run(words)).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
    expect(await place.loadedFor(["--version"])).toEqual(["surfaces/cli/main.js", "surfaces/cli/package-version.js"]);
  });

  it("is not alone in loading little: no command loads another one or a driver that it does not use", async () => {
    const loaded = await place.loadedFor(["list"], { env });
    expect(loaded.filter((path) => path.startsWith("surfaces/cli/commands/"))).toEqual([
      "surfaces/cli/commands/list.js",
    ]);
    expect(loaded.filter((path) => /node_modules\/(pg|undici)\//.test(path))).toEqual([]);
  });
});
