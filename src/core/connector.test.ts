import { describe, expect, test } from "vitest";
import { BaseConnector } from "./connector.ts";
import { ConnectorError } from "./errors.ts";
import type { Health } from "./health.ts";

/** A connector as somebody writes it by hand: four methods. */
class Legacy extends BaseConnector {
  #isUp = false;
  override get isConnected(): boolean {
    return this.#isUp;
  }
  override async connect(): Promise<void> {
    this.#isUp = true;
  }
  override async disconnect(): Promise<void> {
    this.#isUp = false;
  }
  override async execute(operation: string, params?: unknown): Promise<unknown> {
    if (!this.#isUp) throw new Error("Connector not connected");
    return { operation, params, config: this.config };
  }
  override async healthCheck(): Promise<Health> {
    return { status: "healthy", connected: this.#isUp, timestamp: "2026-01-01T00:00:00.000Z" };
  }
}

describe("a connector written by hand", () => {
  test("works with its four methods and keeps its configuration", async () => {
    const legacy = new Legacy({ host: "h" });
    await expect(legacy.execute("ping")).rejects.toThrow("Connector not connected");
    await legacy.connect();
    expect(await legacy.execute("ping", { a: 1 })).toEqual({
      operation: "ping",
      params: { a: 1 },
      config: { host: "h" },
    });
    expect(await legacy.healthCheck()).toMatchObject({ connected: true });
    await legacy.disconnect();
    expect(legacy.isConnected).toBe(false);
  });

  test("gets `call` from its `execute`", async () => {
    const legacy = new Legacy();
    await legacy.connect();
    const { data, meta } = await legacy.call("ping");
    expect(data).toMatchObject({ operation: "ping" });
    expect(meta).toEqual({
      attempts: 1,
      waitMs: 0,
      durationMs: expect.any(Number),
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(meta.durationMs).toBeGreaterThanOrEqual(0);
  });

  test("has no streams unless it writes them", () => {
    expect(() => new Legacy().stream("rows" as never)).toThrow("Operation does not answer with a stream: rows");
  });

  test("that leaves out a method is told which", async () => {
    class Bare extends BaseConnector {}
    const bare = new Bare();
    expect(bare.isConnected).toBe(false);
    for (const method of ["connect", "disconnect", "execute", "healthCheck"] as const) {
      const failing = bare[method]("x" as never);
      await expect(failing).rejects.toBeInstanceOf(ConnectorError);
      await expect(bare[method]("x" as never)).rejects.toMatchObject({
        kind: "unsupported",
        message: `${method}() must be implemented by the subclass`,
      });
      await failing.catch(() => {});
    }
  });
});
