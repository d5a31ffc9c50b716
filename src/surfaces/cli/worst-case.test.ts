import { describe, expect, it } from "vitest";
import { Secret } from "../../core/secret.ts";
import { policySettings } from "../../policies/pipeline.ts";
import { settingText, settingValue } from "./setting-text.ts";
import { worstCase } from "./worst-case.ts";

const worst = (settings: object): ReturnType<typeof worstCase> => worstCase(policySettings.parse(settings));

describe("the worst case", () => {
  it("follows from tries, waits and limits", () => {
    expect(worst({})).toMatchObject({ tries: 3, amplification: 1.2, waitMs: 600, triesMs: null, timeMs: 30_000 });
    expect(worst({ hedge: true, retry: { budget: false } })).toMatchObject({ tries: 4, amplification: 4, waitMs: 600 });
    expect(worst({ retryAttempts: 5, attemptTimeout: "2s", retry: { delay: 1000, maxDelay: 3000 } })).toMatchObject({
      tries: 5,
      waitMs: 1000 + 2000 + 3000 + 3000,
      triesMs: 19_000,
      timeMs: 30_000,
      notes: [],
    });
    expect(worst({ retryAttempts: 1, timeout: 0, attemptTimeout: 500 })).toMatchObject({
      tries: 1,
      waitMs: 0,
      timeMs: null,
    });
  });

  it("says so where a try may use up the time of all", () => {
    expect(worst({ retryAttempts: 2 }).notes).toEqual([expect.stringMatching(/uses up timeout/)]);
    for (const settings of [{ retryAttempts: 1 }, { attemptTimeout: 5 }, { timeout: 0 }])
      expect(worst(settings).notes).toEqual([]);
  });
});

describe("a setting that is shown", () => {
  it("never has a credential in it", () => {
    expect(settingText(new Secret("hunter22"))).toBe("[redacted]");
    expect(settingText("postgres://app:hunter22@db:5432/app")).toBe("postgres://app:[redacted]@db:5432/app");
    expect(settingValue({ hosts: ["http://a:hunter22@b"], key: new Secret("x") })).toEqual({
      hosts: ["http://a:[redacted]@b"],
      key: "[redacted]",
    });
    expect(settingText("http://localhost:80/@x")).toBe("http://localhost:80/@x");
  });

  it("is text as it is, and JSON otherwise", () => {
    expect([settingText("a b"), settingText(5), settingText(true), settingText(["a"])]).toEqual([
      "a b",
      "5",
      "true",
      '["a"]',
    ]);
  });
});
