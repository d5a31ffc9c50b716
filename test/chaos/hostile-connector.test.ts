import { ConnectorError, defineConnector, read, secret, stream, write } from "busbar";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";

const PASSWORD = "correct-horse-battery";

/** Everything that JavaScript lets one throw; each made when it is asked for. */
const thrown: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  "a text": () => "oops",
  "a symbol": () => Symbol("s"),
  "a function": () => () => 1,
  "a frozen error": () => Object.freeze(new Error(`of ${PASSWORD}`)),
  "an error that is its own cause": () => {
    const error = new Error("circle");
    error.cause = error;
    return error;
  },
  "an error whose getter throws": () =>
    Object.defineProperty(new Error("x"), "code", {
      get() {
        throw new Error("getter");
      },
      enumerable: true,
    }),
  "an error whose message throws": () =>
    Object.defineProperty(new Error("x"), "message", {
      get() {
        throw new Error("getter");
      },
    }),
  "an error with a fixed field": () =>
    Object.defineProperty(Object.assign(new Error("x"), { also: PASSWORD }), "detail", {
      value: PASSWORD,
      enumerable: true,
    }),
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "a proxy whose traps throw": () =>
    new Proxy(new Error("x"), {
      get() {
        throw new Error("trap");
      },
      getPrototypeOf() {
        throw new Error("trap");
      },
    }),
};

const operations = {
  fail: write("Throws what it is told.", z.object({ what: z.string() }), z.unknown()),
  checked: write("Has a check that throws.", z.object({ a: z.string() }).refine(boom), z.unknown()),
  waits: write(
    "Has a check that waits.",
    z.object({ a: z.string() }).refine(async () => true),
    z.unknown(),
  ),
  list: stream("Answers with no iterable.", z.object({}), z.unknown()),
  plain: read("Reads.", z.object({}), z.unknown()),
};

function boom(): boolean {
  throw new Error(`checking ${PASSWORD}`);
}

let classified: unknown;
let handlers: Record<string, unknown>;
let session: unknown;
const Hostile = defineConnector({
  provider: "hostile",
  type: "custom",
  title: "Hostile",
  summary: "Makes every mistake.",
  connection: z.strictObject({ password: secret("Password.") }),
  operations,
  // What JavaScript lets an author do, TypeScript does not.
  open: async () => session as never,
  classify: () => classified as undefined,
});

async function connected(): Promise<InstanceType<typeof Hostile>> {
  const hostile = new Hostile({ password: PASSWORD, timeout: 1_000, retryAttempts: 1 });
  await hostile.connect();
  open.push(hostile);
  return hostile;
}
const open: { disconnect(): Promise<void> }[] = [];
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error,
  );

afterEach(async () => {
  await Promise.allSettled(open.splice(0).map((each) => each.disconnect()));
});
const working = (own: Record<string, unknown> = {}): void => {
  classified = undefined;
  handlers = {
    fail: ({ what }: { what: string }) => {
      throw thrown[what]!();
    },
    list: () => [1, 2],
    plain: async () => 1,
  };
  session = { handlers, ping: async () => {}, close: async () => {}, ...own };
};

describe("what a handler throws becomes a ConnectorError of unknown outcome, without a secret", () => {
  test.each(Object.keys(thrown))("%s", async (what) => {
    working();
    const error = await failure((await connected()).fail({ what }));
    expect(error).toBeInstanceOf(ConnectorError);
    expect(error).toMatchObject({ kind: "internal", outcome: "unknown", operation: "fail" });
    expect(JSON.stringify(error) + (error as Error).stack).not.toContain(PASSWORD);
  });
});

test.each([["nonsense"], [7], [null], [{ kind: "toString" }], [Promise.resolve("timeout")]])(
  "a classify that answers %j does not know the error",
  async (answer) => {
    working();
    classified = answer;
    const error = await failure((await connected()).fail({ what: "a text" }));
    expect(error).toMatchObject({ kind: "internal", outcome: "unknown" });
  },
);

test.each(["checked", "waits"] as const)("a schema whose check throws or waits refuses the call: %s", async (name) => {
  working();
  const error = await failure((await connected()).execute(name, { a: "x" }));
  expect(error).toBeInstanceOf(ConnectorError);
  expect(error).toMatchObject({ kind: "input_invalid", outcome: "none", operation: name });
  expect(String(error)).not.toContain(PASSWORD);
});

describe("an author is told", () => {
  test("that a handler is missing", async () => {
    working();
    delete handlers["plain"];
    const error = await failure((await connected()).plain());
    expect(error).toMatchObject({ kind: "internal", message: expect.stringContaining("no handler") as string });
  });

  test("that a stream answers with no async iterable", async () => {
    working();
    const error = await failure((await connected()).list().next());
    expect(error).toMatchObject({ kind: "internal", message: expect.stringContaining("async iterable") as string });
  });

  test.each([[undefined], [null], [{}], [{ handlers: {} }]])(
    "that open answered with no session: %j",
    async (answer) => {
      session = answer;
      const hostile = new Hostile({ password: PASSWORD });
      const error = await failure(hostile.connect());
      expect(error).toMatchObject({ kind: "internal", message: expect.stringContaining("session") as string });
      expect(hostile.isConnected).toBe(false);
    },
  );
});

test.each([[null], [true], ["PONG"], [{}]])("a ping that answers %j is well", async (answer) => {
  working({ ping: async () => answer });
  await expect((await connected()).healthCheck()).resolves.toMatchObject({ status: "healthy" });
});
