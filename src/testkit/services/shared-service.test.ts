import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { describeService } from "./describe-service.ts";
import { postgresql } from "./postgresql.ts";
import { shareServices, sharedService } from "./shared-service.ts";
import { firstReply } from "./wait.ts";

const spec = postgresql({ source: "embedded" });
const answers = async (port: number): Promise<boolean> =>
  (await firstReply(port, { send: Buffer.from("\0\0\0\x08\x04\xd2\x16\x2f", "latin1") }))?.toString() === "N";

await describeService("a service of the whole run", spec, () => {
  it("is the same for all who ask by its name, and outlives their release", async () => {
    const endAll = await shareServices({ database: spec });
    const one = await sharedService("database", spec);
    const two = await sharedService("database", spec);
    expect(two.url).toBe(one.url);
    await one.release();
    expect(await answers(two.port)).toBe(true);
    await endAll();
    expect(await answers(two.port)).toBe(false);
  });

  it("is a private one where nobody shares it", async () => {
    const alone = await sharedService("database", spec);
    expect(await answers(alone.port)).toBe(true);
    await alone.release();
    expect(await answers(alone.port)).toBe(false);
  });

  it("does not stay when another one of the same setup fails", async () => {
    let dir = "";
    const watched = {
      ...spec,
      prepare: (instance: Parameters<typeof spec.prepare>[0]) => ((dir = instance.dir), spec.prepare(instance)),
    };
    const broken = { ...spec, prepare: () => Promise.reject(new Error("no disk")) };
    await expect(shareServices({ watched, broken })).rejects.toThrow("no disk");
    expect(existsSync(dir)).toBe(false);
  });
});
