import { expect, it } from "vitest";
import { runProgram } from "./run-program.ts";
import { findProcesses, thisSystem } from "./sweep.ts";
import { becomesTrue } from "./wait.ts";

it("a poll ends when its answer is true, when time is up, and at once when it is aborted", async () => {
  let asked = 0;
  expect(await becomesTrue(() => ++asked === 3, { timeoutMs: 5000 })).toBe(true);
  expect(await becomesTrue(() => false, { timeoutMs: 15 })).toBe(false);
  const abort = new AbortController();
  const poll = becomesTrue(() => false, { timeoutMs: 5000, signal: abort.signal });
  abort.abort(new Error("no longer wanted"));
  await expect(poll).rejects.toThrow("no longer wanted");
});

it("a program's failure tells what it printed, and one that does not end is killed", async () => {
  const sh = (script: string) => ({ file: "sh", args: ["-c", script] });
  expect(await runProgram(sh("cat"), { input: "text" })).toBe("text");
  await expect(runProgram(sh("echo reason >&2; exit 3"))).rejects.toThrow(/ended with code 3\nreason/);
  const pidOfSleep = /took longer than 200 ms\n(\d+)/;
  const failure: unknown = await runProgram(sh("sleep 60 & echo $!; wait"), { timeoutMs: 200 }).catch(
    (error: unknown) => error,
  );
  const pid = Number(pidOfSleep.exec(String(failure))?.[1]);
  expect(await becomesTrue(() => findProcesses(thisSystem, { id: "", pid }).length === 0, { timeoutMs: 1000 })).toBe(
    true,
  );
  expect(pid).toBeGreaterThan(1);
  await expect(runProgram({ file: "/no-such-program", args: [] })).rejects.toThrow("ENOENT");
});
