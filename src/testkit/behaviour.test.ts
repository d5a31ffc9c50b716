import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConnectorError } from "../core/errors.ts";
import { runBehaviour, tryCase, type BehaviourCase } from "./behaviour.ts";
import { renderMatrix } from "./matrix.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const unsupported = async (): Promise<void> => {
  throw new ConnectorError("unsupported", "no");
};

describe("a case", () => {
  const target = { name: "embedded", lacks: { listen: "it has no LISTEN" } };
  const needing = (run: () => Promise<void>): BehaviourCase<undefined> => ({ name: "listens", needs: "listen", run });

  test("passes where it runs through, and fails with what it throws", async () => {
    expect(await tryCase({ name: "works", run: async () => {} }, target, undefined)).toBe("passed");
    expect(await tryCase({ name: "works", needs: "more", run: async () => {} }, target, undefined)).toBe("passed");
    await expect(tryCase({ name: "breaks", run: unsupported }, target, undefined)).rejects.toThrow("no");
  });

  test("must be refused as unsupported where the target lacks what it needs", async () => {
    expect(await tryCase(needing(unsupported), target, undefined)).toBe("refused");
    await expect(
      tryCase(
        needing(async () => {}),
        target,
        undefined,
      ),
    ).rejects.toThrow('The target embedded is said to lack "listen", and has it: it has no LISTEN');
    const otherwise = needing(async () => {
      throw new ConnectorError("internal", "boom");
    });
    await expect(tryCase(otherwise, target, undefined)).rejects.toMatchObject({
      message: 'The target embedded lacks "listen", and must refuse with kind "unsupported"',
      cause: { message: "boom" },
    });
  });

  test("keeps its `this`", async () => {
    const counting = {
      name: "counts",
      count: 0,
      async run() {
        this.count++;
      },
    };
    await tryCase(counting, target, undefined);
    expect(counting.count).toBe(1);
  });
});

interface VitestReport {
  readonly testResults: readonly { readonly assertionResults: readonly { fullName: string; status: string }[] }[];
}

const SUITE = `
import { expect } from "vitest";
import { ConnectorError } from "../../src/core/errors.ts";
import { runBehaviour } from "../../src/testkit/behaviour.ts";
import { ServiceUnavailable } from "../../src/testkit/services/service-unavailable.ts";

let stopped = 0;
const target = (name, lacks = {}) => ({ name, lacks, start: async () => ({ ctx: name, stop: async () => void stopped++ }) });
runBehaviour({
  connector: "toy",
  contract: "toys",
  cases: [
    { name: "works", run: async () => {} },
    { name: "works on good targets", run: async (ctx) => expect(ctx).not.toBe("bad") },
    { name: "listens", needs: "listen", run: async (ctx) => {
      if (ctx === "lacking") throw new ConnectorError("unsupported", "no");
    } },
  ],
  targets: [
    target("good"),
    target("bad", { listen: "so it says" }),
    target("lacking", { listen: "it cannot" }),
    { name: "absent", lacks: {}, start: async () => { throw new ServiceUnavailable({ name: "toyd", howToGet: "Buy it." }); } },
    { name: "broken", lacks: {}, start: async () => { throw new Error("does not start"); } },
  ],
});
`;

describe("a run of a suite over its targets", () => {
  let folder: string;
  beforeAll(async () => {
    await mkdir(join(root, ".cache"), { recursive: true });
    folder = await mkdtemp(join(root, ".cache", "behaviour-"));
    await writeFile(join(folder, "vitest.config.mjs"), "export default {};");
    await writeFile(join(folder, "toys.test.ts"), SUITE.replaceAll("../../src", join(root, "src")));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const runSuite = async (ci: string) => {
    const matrix = join(folder, `matrix-${ci}`);
    const args = [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--root",
      folder,
      "--reporter=json",
      `--outputFile=${matrix}.json`,
    ];
    const env = { ...process.env, CI: ci, BUSBAR_MATRIX_DIR: matrix };
    const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env }).catch(
      (error: { stderr: string }) => error,
    );
    // Written by vitest's own reporter.
    const report = JSON.parse(await readFile(`${matrix}.json`, "utf8")) as VitestReport;
    const results = Object.fromEntries(
      report.testResults[0]!.assertionResults.map(({ fullName, status }) => [
        fullName.replace("toy keeps the contract toys on ", ""),
        status,
      ]),
    );
    return { results, stderr, table: await renderMatrix(matrix) };
  };

  test("on a laptop: one test a case and target, refusals asserted, the missing server said aloud", async () => {
    const { results, stderr, table } = await runSuite("");
    expect(results).toEqual({
      "good works": "passed",
      "good works on good targets": "passed",
      "good listens": "passed",
      "bad works": "passed",
      "bad works on good targets": "failed",
      "bad listens [refused: so it says]": "failed",
      "lacking works": "passed",
      "lacking works on good targets": "passed",
      "lacking listens [refused: it cannot]": "passed",
      "absent is not on this machine": "passed",
      "broken starts": "failed",
    });
    expect(stderr).toContain("NOT RUN: toy · toys · absent. The test service toyd is not available. Buy it.");
    const [head, row, ...notes] = table.split("\n");
    expect(head?.split(/\s{2,}/)).toEqual(["connector", "contract", "absent", "bad", "broken", "good", "lacking"]);
    expect(row?.split(/\s{2,}/)).toEqual([
      "toy",
      "toys",
      "not run",
      "1 passed, 2 FAILED",
      "0 passed, 3 FAILED",
      "3 passed",
      "2 passed, 1 refused",
    ]);
    expect(notes).toEqual([
      "toy · toys · absent was not run: The test service toyd is not available. Buy it.",
      "toy · toys · bad lacks listen: so it says",
      "toy · toys · lacking lacks listen: it cannot",
    ]);
  });

  test("under CI=true a missing server is a failure", async () => {
    const { results, table } = await runSuite("true");
    expect(results["absent starts"]).toBe("failed");
    expect(results["good works"]).toBe("passed");
    expect(table).not.toContain("not run");
  });
});

test("two cases of one name are refused, because their results could not be told apart", () => {
  const twice = { name: "works", run: async () => {} };
  const behaviour = { connector: "toy", contract: "toys", cases: [twice, twice], targets: [] };
  expect(() => runBehaviour(behaviour)).toThrow('Two cases of the contract toys are called "works"');
});
