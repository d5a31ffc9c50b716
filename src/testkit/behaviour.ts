/**
 * Runs the cases of a contract against every target of a connector.
 *
 * There is no skip. A feature that a target lacks is declared with its reason, and its cases are run all the same: they
 * must be refused with kind `unsupported`. A target whose server is not on this machine is a failure under `CI=true`;
 * elsewhere it is one loud line, one test that asserts just that, and "not run" in the matrix.
 *
 * Targets start while vitest collects the file, because what is there decides which tests there are.
 */
import { afterAll, describe, expect, test } from "vitest";
import { ConnectorError } from "../core/errors.ts";
import { saveResult, type SuiteResult } from "./matrix.ts";
import { ServiceUnavailable } from "./services/service-unavailable.ts";

/** One thing that whoever keeps a contract does. Cases share a target: each cleans up, or uses names of its own. */
export interface BehaviourCase<Ctx> {
  /** A sentence about behaviour. */
  readonly name: string;
  /** A feature that not every target has; the refusal of the target must reach whoever calls `run`. */
  readonly needs?: string;
  run(ctx: Ctx): Promise<void>;
}

/** Somewhere a suite can run for real. */
export interface Target<Ctx> {
  /** `embedded` runs anywhere, `live` is a server of its own. */
  readonly name: string;
  /** Features that it has not, each with the reason. */
  readonly lacks: Readonly<Record<string, string>>;
  /** Throws `ServiceUnavailable` where the machine does not have what it needs. */
  start(): Promise<RunningTarget<Ctx>>;
}

/** A target that has been started, with what its cases are given. */
export interface RunningTarget<Ctx> {
  readonly ctx: Ctx;
  stop(): Promise<void>;
}

/** A contract's cases, and where they are to be run for one connector. */
export interface Behaviour<Ctx> {
  /** The connector's provider. */
  readonly connector: string;
  readonly contract: string;
  readonly cases: readonly BehaviourCase<Ctx>[];
  readonly targets: readonly Target<Ctx>[];
  /** Most time of one case. Default: the runner's. */
  readonly timeoutMs?: number;
}

/** Registers one vitest suite a target, with one test a case. */
export function runBehaviour<Ctx>(behaviour: Behaviour<Ctx>): void {
  const { connector, contract, cases, targets, timeoutMs } = behaviour;
  const twice = cases.find(({ name }, at) => cases.findIndex((other) => other.name === name) !== at);
  if (twice !== undefined) throw new Error(`Two cases of the contract ${contract} are called "${twice.name}"`);
  for (const target of targets) {
    describe(`${connector} keeps the contract ${contract} on ${target.name}`, async () => {
      const result = {
        connector,
        contract,
        target: target.name,
        lacks: target.lacks,
        passed: 0,
        failed: 0,
        refused: 0,
      };
      const save = (more: Partial<SuiteResult>): Promise<void> => saveResult({ ...result, isFinished: true, ...more });
      await save({ isFinished: false });

      const started = await startOf(target);
      if ("unavailable" in started) {
        await save({ notRun: started.unavailable.message });
        process.stderr.write(
          `\nNOT RUN: ${connector} · ${contract} · ${target.name}. ${started.unavailable.message}\n`,
        );
        test("is not on this machine", () => expect(started.unavailable).toBeInstanceOf(ServiceUnavailable));
        return;
      }
      if ("error" in started) {
        await save({ failed: cases.length });
        test("starts", () => {
          throw started.error;
        });
        return;
      }
      afterAll(async () => {
        await started.stop();
        await save({});
      });
      for (const behaviourCase of cases)
        test(
          titleOf(behaviourCase, target),
          async () => {
            try {
              result[await tryCase(behaviourCase, target, started.ctx)]++;
            } catch (error) {
              result.failed++;
              throw error;
            }
          },
          timeoutMs,
        );
    });
  }
}

type Start<Ctx> = RunningTarget<Ctx> | { readonly unavailable: ServiceUnavailable } | { readonly error: unknown };

async function startOf<Ctx>(target: Target<Ctx>): Promise<Start<Ctx>> {
  try {
    return await target.start();
  } catch (error) {
    if (error instanceof ServiceUnavailable && process.env["CI"] !== "true") return { unavailable: error };
    return { error };
  }
}

function titleOf<Ctx>({ name, needs }: BehaviourCase<Ctx>, { lacks }: Target<Ctx>): string {
  return needs !== undefined && Object.hasOwn(lacks, needs) ? `${name} [refused: ${lacks[needs]}]` : name;
}

/** Runs one case; throws unless it passed, or was refused where the target lacks what it needs. */
export async function tryCase<Ctx>(
  behaviourCase: BehaviourCase<Ctx>,
  { name, lacks }: Pick<Target<Ctx>, "name" | "lacks">,
  ctx: Ctx,
): Promise<"passed" | "refused"> {
  const { needs } = behaviourCase;
  if (needs === undefined || !Object.hasOwn(lacks, needs)) {
    await behaviourCase.run(ctx);
    return "passed";
  }
  const thrown: unknown = await behaviourCase.run(ctx).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown === undefined)
    throw new Error(`The target ${name} is said to lack "${needs}", and has it: ${lacks[needs]}`);
  if (thrown instanceof ConnectorError && thrown.kind === "unsupported") return "refused";
  const message = `The target ${name} lacks "${needs}", and must refuse with kind "unsupported"`;
  throw new Error(message, { cause: thrown });
}
