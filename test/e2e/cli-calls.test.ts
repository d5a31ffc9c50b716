/** `busbar exec` and `busbar stream` as processes, on a connector that a path names. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, scriptedConnector, Workplace } from "./cli-process.ts";

const place = new Workplace();
const TOKEN = "canary-7f3a91";

beforeAll(async () => {
  await build();
  place.write({
    "scripted.js": scriptedConnector(),
    "loud.js": 'process.stderr.write("loaded\\n"); export { default } from "./scripted.js";',
    "connectors.yaml": `
connectors:
  - { name: places, type: custom, provider: ./scripted.js, connection: { token: "\${TOKEN:-${TOKEN}}" } }
  - { name: away, type: custom, provider: ./scripted.js, connection: { refuses: true }, options: { retryAttempts: 1 } }
  - { name: stubborn, type: custom, provider: ./scripted.js, options: { closes: false } }
`,
    "loud.yaml": "connectors: [{ name: places, type: custom, provider: ./loud.js }]",
  });
}, 180_000);

afterAll(() => place.remove());

describe("exec", () => {
  it("prints the answer as JSON where a program reads it, and closes the connector", async () => {
    const { code, stdout, stderr } = await place.run(["exec", "places", "find", "--name", "Tokyo Tower", "--limit=1"]);
    expect(JSON.parse(stdout)).toEqual([{ id: 1, name: "Tokyo Tower", city: "東京", note: null }]);
    expect(stderr).toBe("closing\nclosed\n");
    expect(code).toBe(0);
  });

  it("prints rows as a table for people, without anything that a terminal obeys", async () => {
    const { code, stdout } = await place.run(["exec", "places", "find", "--name", "x", "--human"]);
    expect(stdout).toBe(
      [
        "id  name  city  note",
        "──  ────  ────  ─────────",
        " 1  x     東京  NULL",
        " 2  x     東京  \\u001b[2J",
        "(2 rows)",
        "",
      ].join("\n"),
    );
    expect(code).toBe(0);
  });

  it("carries every type through JSON, both ways", async () => {
    const types = await place.run(["exec", "places", "types"]);
    expect(JSON.parse(types.stdout)).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      bytes: { $bytes: "AQID" },
      big: "9007199254740993",
      not: { $number: "NaN" },
      nothing: null,
    });
    const words = [
      "--any-name",
      "5",
      "--at",
      "2026-01-31",
      "--bytes",
      '{"$bytes":"AQID"}',
      "--big",
      '{"$bigint":"-7"}',
    ];
    const echo = await place.run(["exec", "places", "echo", ...words]);
    expect(JSON.parse(echo.stdout)).toEqual({
      anyName: 5,
      at: "2026-01-31T00:00:00.000Z",
      bytes: { $bytes: "AQID" },
      big: "-7",
    });
  });

  it("takes the input as flags, as JSON, on stdin, and flags before the others", async () => {
    const asJson = await place.run(["exec", "places", "find", "--json", '{"name":"a","limit":1}', "--limit", "3"]);
    expect(JSON.parse(asJson.stdout)).toHaveLength(3);
    const onStdin = await place.run(["exec", "places", "find", "-", "--limit", "1"], { input: '{"name":"stdin"}\n' });
    expect(JSON.parse(onStdin.stdout)).toMatchObject([{ name: "stdin" }]);
  });

  it.each([
    [["-"], "{", 65, "The text on stdin is not JSON"],
    [["-"], "", 65, "The text on stdin is not JSON"],
    [["-"], "[1]", 65, "is not a JSON object"],
    [["-"], '{"limit":9007199254740993}', 65, "more digits"],
    [["-", "--json", "{}"], "{}", 64, "given twice"],
    [["--json", "{}", "--json", "{}"], "", 64, "more than once"],
    [["--json", '{"nam":"canary-7f3a91"}'], "", 65, 'did you mean "name"?'],
    [["--nam", "x"], "", 64, "Did you mean --name?"],
    [["--name", "x", "canary-7f3a91"], "", 64, "value without its flag"],
    [["--name"], "", 64, "--name needs a value"],
    [["--name", "x", "--limit", "canary-7f3a91"], "", 65, "--limit takes a number"],
    [["--name", "x", "--limit", "0"], "", 65, "limit"],
    [[], "", 65, "busbar exec places find --help"],
    [["--name", "x", "--timeout", "soon"], "", 65, "Invalid timeout"],
  ])("refuses wrong input with its code and what to do, and never repeats it: %j", async (words, input, code, text) => {
    const ended = await place.run(["exec", "places", "find", ...words], { input });
    expect(ended.stderr).toContain(text);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).not.toContain(TOKEN);
  });

  it("shows what an operation takes, and what a connector can do", async () => {
    const one = await place.run(["exec", "places", "find", "--help"]);
    expect(one.stdout).toContain("--name <text>");
    expect(one.stdout).toContain("What to look for. (required)");
    expect(one.stdout).toContain("--exact, --no-exact");
    expect(one.stdout).toContain("busbar exec places find --name 'Tokyo Tower'");
    const all = await place.run(["stream", "places", "--help"]);
    expect(all.stdout).toContain("busbar stream places count");
    expect([one.code, all.code]).toEqual([0, 0]);
  });

  it.each([
    [["exec", "places", "fnd"], 80, ["Unknown operation: fnd", 'Did you mean "find"?']],
    [["exec", "place", "find"], 66, ["place", "places"]],
    [["exec", "places", "count"], 80, ["answers with a stream", "busbar stream places count"]],
    [["stream", "places", "find"], 80, ["answers once", "busbar exec places find"]],
    [["stream", "places", "count", "--human"], 64, ["--human is for exec"]],
    [["exec", "places"], 64, ["OPERATION is missing", "busbar exec places --help"]],
    [["exec"], 64, ["Missing required argument 'name'"]],
    [["exec", "away", "find", "--name", "x"], 69, ["Failed to connect to Scripted system: ", "kind: unavailable"]],
  ])("%j ends with %i", async (words, code, texts) => {
    const ended = await place.run(words);
    for (const text of texts) expect(ended.stderr).toContain(text);
    expect(ended).toMatchObject({ code, stdout: "" });
  });

  it.each([
    ["unauthenticated", 82],
    ["permission_denied", 77],
    ["not_found", 66],
    ["conflict", 83],
    ["too_large", 84],
  ])("tells of %s by the exit code %i and on stderr", async (kind, code) => {
    const ended = await place.run(["exec", "places", "fail", "--kind", kind]);
    expect(ended.stderr).toContain(
      `busbar: It failed on purpose [places.fail]\n  kind: ${kind}\n  hint: Do not ask for it.\n`,
    );
    expect(ended).toMatchObject({ code, stdout: "" });
  });

  it("tells causes and tries when more is asked for, and errors as JSON to machines", async () => {
    const failed = await place.run(["exec", "places", "fail", "--kind", "conflict", "--with", "of it", "--verbose"]);
    expect(failed.stderr).toContain("  caused by: Error: The cause of it\n");
    const forMachines = await place.run(["exec", "places", "fail", "--kind", "conflict", "--json"]);
    const [line = ""] = forMachines.stderr.split("\n").filter((text) => text.startsWith("{"));
    expect(JSON.parse(line)).toMatchObject({ error: { kind: "conflict", connector: "places", operation: "fail" } });
    const good = await place.run(["exec", "places", "types", "--verbose"]);
    expect(good.stderr).toMatch(/^1 try, [\d.]+ ms, trace [0-9a-f]{32}$/m);
  });

  it("never prints a secret, whatever a connector does with it", async () => {
    const runs = [[], ["--verbose"], ["--json"], ["--json", "--verbose"]];
    for (const { stdout, stderr, code } of await Promise.all(
      runs.map((more) => place.run(["exec", "places", "leak", ...more])),
    )) {
      expect(stdout + stderr).not.toContain(TOKEN);
      expect(stderr).toContain("[redacted]");
      expect(code).toBe(70);
    }
  });

  it("ends although a connector left something behind, and in order when one crashes", async () => {
    const left = await place.run(["exec", "places", "leave"]);
    expect(left).toMatchObject({ code: 0, stdout: '"left"\n' });
    const crashed = await place.run(["exec", "places", "crash"]);
    expect(crashed.stderr).toContain("busbar: It crashed\n  kind: internal\n");
    expect(crashed.code).toBe(70);
  });

  it("gives up after --timeout, and says that an unsafe call may have been carried out", async () => {
    const { code, stderr } = await place.run(["exec", "--timeout", "100", "places", "hang"]);
    expect(stderr).toContain("Timed out after 100 ms");
    expect(stderr).toContain("outcome: unknown");
    expect(stderr).toContain("stopped\n");
    expect(code).toBe(87);
  });
});

describe("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s stops the call at the system, closes the connector and ends with %i", async (signal, expected) => {
    const { child, told, ended } = place.start(["exec", "places", "hang"]);
    await told("hanging\n");
    child.kill(signal);
    const { code, stderr } = await ended;
    expect(stderr).toContain("stopped\n");
    expect(stderr).toContain("closed\n");
    expect(stderr).toContain("kind: cancelled");
    expect(code).toBe(expected);
  });

  it("ends a stream whose reader has stalled", async () => {
    const { child, told, ended } = place.start(["stream", "places", "count", "--size", "10000"]);
    child.stdout.pause();
    await told("counting\n");
    child.kill("SIGINT");
    await told("closed\n");
    child.stdout.resume();
    expect((await ended).code).toBe(130);
  });

  it("ends waiting for stdin", async () => {
    const words = ["exec", "places", "find", "-", "--config", "loud.yaml"];
    const { child, told, ended } = place.start(words, { isOpen: true });
    await told("loaded\n");
    child.kill("SIGTERM");
    expect((await ended).code).toBe(143);
  });

  it("ends at once the second time", async () => {
    const { child, told, ended } = place.start(["exec", "stubborn", "hang"]);
    await told("hanging\n");
    child.kill("SIGINT");
    await told("closing\n");
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
  });
});

describe("stream", () => {
  it("prints one line of JSON for each item", async () => {
    const { code, stdout, stderr } = await place.run(["stream", "places", "count", "--to", "3", "--verbose"]);
    expect(stdout).toBe('{"i":0}\n{"i":1}\n{"i":2}\n');
    expect(stderr).toContain("3 items\n");
    expect(code).toBe(0);
  });

  it("ends quietly, and ends the work at the system, when its reader has gone", async () => {
    const { child, told, ended } = place.start(["stream", "places", "count"]);
    child.stdout.once("data", () => child.stdout.destroy());
    await told("closed\n");
    const { code, stderr } = await ended;
    expect(stderr).toMatch(/^counting\nstopped counting after \d+\nclosing\nclosed\n$/);
    expect(code).toBe(0);
  });

  it("reads no faster than its reader", async () => {
    const { child, told, ended } = place.start(["stream", "places", "count", "--size", "100000"]);
    let received = 0;
    child.stdout.on("data", (text: string) => {
      received += text.length;
      if (received > 1_000_000) child.stdout.destroy();
    });
    await told("closed\n");
    const counted = Number(/stopped counting after (\d+)/.exec((await ended).stderr)?.[1]);
    // What is on its way stands in the pipe and in two buffers.
    expect(counted).toBeLessThan(100);
  });

  it("fails as a call does, after what came before", async () => {
    const { code, stderr } = await place.run(["stream", "away", "count"]);
    expect(stderr).toContain("Failed to connect");
    expect(code).toBe(69);
  });
});
