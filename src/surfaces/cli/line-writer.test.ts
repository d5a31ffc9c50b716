import { describe, expect, it } from "vitest";
import { lineWriter } from "./line-writer.ts";
import type { Output } from "./output.ts";

/** An output whose reader takes a block when it is told to. */
function slowOutput(): { readonly output: Output; readonly blocks: string[]; take(error?: Error): void } {
  const blocks: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  const write = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      blocks.push(text);
      waiting.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  const output = { write } as unknown as Output;
  return { output, blocks, take: (error) => waiting.shift()?.(error) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;

describe("the writer of lines", () => {
  it("writes lines that come at once together, in order, and a lonely one without waiting for the next", async () => {
    const { output, blocks, take } = slowOutput();
    const writer = lineWriter(output, never);
    for (const line of ["1\n", "2\n", "3\n"]) await writer.add(line);
    await turn();
    expect(blocks).toEqual(["1\n2\n3\n"]);
    await writer.add("4\n");
    take();
    await turn();
    await writer.add("5\n");
    await turn();
    expect(blocks).toEqual(["1\n2\n3\n", "4\n5\n"]);
    const ended = writer.end();
    take();
    await ended;
  });

  it("makes the source wait for a slow reader", async () => {
    const { output, blocks, take } = slowOutput();
    const writer = lineWriter(output, never);
    const line = `${"x".repeat(1_000)}\n`;
    let added = 0;
    const adding = (async () => {
      for (; added < 1_000; added++) await writer.add(line);
      await writer.end();
    })();
    while (blocks.length === 0) await turn();
    for (let i = 0; i < 20; i++) await turn();
    expect(blocks).toHaveLength(1);
    expect(added).toBeLessThan(200);
    let isOver = false;
    void adding.then(() => (isOver = true));
    while (!isOver) {
      take();
      await turn();
    }
    expect(blocks.join("")).toBe(line.repeat(1_000));
  });

  it("lets the event loop turn also for a source that never waits", async () => {
    let heard = false;
    const output = { write: () => Promise.resolve() } as unknown as Output;
    const writer = lineWriter(output, never);
    setImmediate(() => (heard = true));
    for (let i = 0; i < 1_000_000 && !heard; i++) await writer.add("x".repeat(1_000));
    expect(heard).toBe(true);
  });

  it("throws once what writing threw, to whoever comes next", async () => {
    const { output, blocks, take } = slowOutput();
    const writer = lineWriter(output, never);
    await writer.add("1\n");
    await turn();
    take(new Error("disk full"));
    await turn();
    await expect(writer.add("2\n")).rejects.toThrow("disk full");
    await expect(writer.end()).rejects.toThrow("disk full");
    expect(blocks).toEqual(["1\n"]);
  });
});
