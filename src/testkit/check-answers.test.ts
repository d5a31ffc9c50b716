import { expect, test } from "vitest";
import { z } from "zod";
import { defineConnector } from "../connectors/define.ts";
import { read, stream } from "../core/operation.ts";
import { inBatches } from "../core/stream.ts";
import { checkAnswers } from "./check-answers.ts";

/** Answers with what it is asked to answer with, whatever it has declared. */
const Parrot = defineConnector({
  provider: "parrot",
  type: "custom",
  title: "Parrot",
  summary: "Answers with what it is told.",
  connection: z.strictObject({}),
  operations: {
    one: read("One.", z.strictObject({ answer: z.unknown() }), z.object({ n: z.number() })),
    many: stream("Many.", z.strictObject({ items: z.array(z.unknown()) }), z.number()),
    inBatches: stream("Many at a time.", z.strictObject({ items: z.array(z.unknown()) }), z.number()),
  },
  async open() {
    return {
      handlers: {
        one: async ({ answer }) => answer as { n: number },
        many: async function* ({ items }) {
          yield* items as number[];
        },
        inBatches: ({ items }) =>
          inBatches(
            (async function* () {
              yield items as number[];
            })(),
          ),
      },
      ping: async () => {},
      close: async () => {},
    };
  },
  classify: () => undefined,
});

const open = async () => {
  const parrot = checkAnswers(new Parrot({}));
  await parrot.connect();
  return parrot;
};
const listed = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

test("answers as declared pass unchanged, in every way of calling", async () => {
  const parrot = await open();
  expect(await parrot.execute("one", { answer: { n: 1, more: true } })).toEqual({ n: 1, more: true });
  expect(await parrot.one({ answer: { n: 2 } })).toEqual({ n: 2 });
  expect(await parrot.call("one", { answer: { n: 3 } })).toMatchObject({ data: { n: 3 }, meta: { attempts: 1 } });
  expect(await listed(parrot.many({ items: [1, 2] }))).toEqual([1, 2]);
  expect(await listed(parrot.inBatches({ items: [1, 2] }).batches())).toEqual([[1, 2]]);
});

test("an answer that is not as declared fails, in every way of calling", async () => {
  const parrot = await open();
  const wrong = { answer: { n: "1" } };
  const message = 'The answer of "one" is not as declared: n: Invalid input: expected number';
  await expect(parrot.execute("one", wrong)).rejects.toThrow(message);
  await expect(parrot.one(wrong)).rejects.toThrow(message);
  await expect(parrot.call("one", wrong)).rejects.toThrow(message);
  await expect(listed(parrot.stream("many", { items: [1, "2"] }))).rejects.toThrow('The answer of "many"');
  await expect(listed(parrot.inBatches({ items: [1, "2"] }))).rejects.toThrow('The answer of "inBatches"');
  await expect(listed(parrot.inBatches({ items: [1, "2"] }).batches())).rejects.toThrow("expected number");
});
