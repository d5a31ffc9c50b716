import { expect, test } from "vitest";
import { z } from "zod";
import { read, stream, write } from "./operation.ts";

const Input = z.strictObject({ id: z.int() });
const NOTHING = { hasKey: false, options: {} };

test("a read changes nothing, a write is unsafe and a stream reads, unless it is said otherwise", () => {
  expect(read("Reads.", Input, z.string())).toEqual({
    summary: "Reads.",
    input: Input,
    output: expect.anything(),
    stream: false,
    effect: "read",
    examples: [],
  });
  expect(write("Writes.", Input, z.string())).toMatchObject({ effect: "unsafe", stream: false });
  expect(stream("Streams.", Input, z.string())).toMatchObject({ effect: "read", stream: true });
  expect(write("Puts.", Input, z.string(), { effect: "idempotent" }).effect).toBe("idempotent");
  expect(stream("Asks.", Input, z.string(), { effect: "unknown" }).effect).toBe("unknown");
});

test("examples are kept, and a write may tell its effect from its input", () => {
  const examples = [{ title: "One", input: { id: 1 } }];
  for (const build of [read, write, stream])
    expect(build("x", Input, z.string(), { examples }).examples).toBe(examples);
  const effectOf = ({ id }: { id: number }) => (id === 0 ? "read" : "unsafe");
  expect(write("x", Input, z.string(), { effectOf }).effectOf?.({ id: 0 }, NOTHING)).toBe("read");
  expect(Object.hasOwn(write("x", Input, z.string()), "effectOf")).toBe(false);
});
