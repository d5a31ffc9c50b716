import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quotaWaitMs } from "./learned-limits.ts";

const WALL = Date.UTC(2026, 0, 1);
const SECONDS = WALL / 1_000;

describe("a quota that is used up holds back until it returns", () => {
  test.each<[string, Record<string, string | string[]>, number]>([
    ["drafts 3 to 6", { "ratelimit-limit": "100", "ratelimit-remaining": "0", "ratelimit-reset": "30" }, 30_000],
    ["draft 7", { ratelimit: "limit=100, remaining=0, reset=30" }, 30_000],
    ["draft 8 and later", { ratelimit: '"default";r=0;t=30' }, 30_000],
    ["several quotas", { ratelimit: '"second";r=5;t=1, "hour";r=0;t=600, "day";r=0;t=60' }, 600_000],
    ["several lines", { ratelimit: ['"second";r=0;t=2', '"hour";r=3;t=600'] }, 2_000],
    ["parameters beside it", { ratelimit: '"default";r=0;pk=:cHsdsRa894==:;t=12' }, 12_000],
    ["a quota whose name looks like one", { ratelimit: '"a;r=5, b;t=1";r=0;t=9' }, 9_000],
    ["seconds since 1970", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${SECONDS + 40}` }, 40_000],
    ["milliseconds since 1970", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${WALL + 1_500}` }, 1_500],
    ["another spelling", { "x-rate-limit-remaining": "0", "x-rate-limit-reset": `${SECONDS + 5}` }, 5_000],
    [
      "seconds beside an instant",
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${SECONDS + 9}`, "x-ratelimit-reset-after": "2.25" },
      2_250,
    ],
    ["quotas side by side", { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s" }, 360_000],
    ["milliseconds", { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms" }, 120],
    ["a date", { "x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": "2026-01-01T00:00:07Z" }, 7_000],
    ["the last of several lines", { "ratelimit-remaining": ["5", "0"], "ratelimit-reset": ["1", "3"] }, 3_000],
    ["less than nothing left", { "ratelimit-remaining": "-1", "ratelimit-reset": "1" }, 1_000],
  ])("%s", (_name, headers, waitMs) => {
    expect(quotaWaitMs(headers, WALL)).toBe(waitMs);
  });

  test.each<[string, Record<string, string>, number]>([
    [
      "GitHub",
      { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${SECONDS + 8}` },
      8_000,
    ],
    ["GitLab", { "ratelimit-limit": "600", "ratelimit-remaining": "0", "ratelimit-reset": `${SECONDS + 8}` }, 8_000],
    ["X", { "x-rate-limit-limit": "15", "x-rate-limit-remaining": "0", "x-rate-limit-reset": `${SECONDS + 8}` }, 8_000],
    ["Reddit", { "x-ratelimit-used": "600", "x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "8" }, 8_000],
    ["Discord", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${SECONDS + 8}.25` }, 8_250],
    ["Jira", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-01-01T00:01Z" }, 60_000],
    [
      "OpenAI",
      {
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "6m0s",
      },
      360_000,
    ],
    ["Linear", { "x-ratelimit-requests-remaining": "0", "x-ratelimit-requests-reset": `${WALL + 800}` }, 800],
  ])("as %s writes it", (_name, headers, waitMs) => {
    expect(quotaWaitMs(headers, WALL)).toBe(waitMs);
  });

  test("an instant is compared with the server's own clock", () => {
    const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${SECONDS + 3_610}` };
    expect(quotaWaitMs({ ...headers, date: "Thu, 01 Jan 2026 01:00:00 GMT" }, WALL)).toBe(10_000);
    expect(quotaWaitMs({ ...headers, date: "soon" }, WALL + 3_600_000)).toBe(10_000);
  });

  test("for an hour at most", () => {
    expect(quotaWaitMs({ "ratelimit-remaining": "0", "ratelimit-reset": "86400" }, WALL)).toBe(3_600_000);
    expect(quotaWaitMs({ ratelimit: '"day";r=0;t=86400' }, WALL)).toBe(3_600_000);
  });
});

describe("trap 25: a healthy token is not parked", () => {
  test.each<[string, Record<string, string>]>([
    ["by a reset in the past", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${SECONDS - 1}` }],
    ["by a reset right now", { "ratelimit-remaining": "0", "ratelimit-reset": "0" }],
    ["by a date in the past", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2025-12-31T23:59:59Z" }],
    ["by a quota that comes back at nobody knows when", { "x-ratelimit-remaining": "0" }],
    ["by a quota that is not used up", { "ratelimit-remaining": "1", "ratelimit-reset": "30" }],
    ["by a quota of its own header", { ratelimit: '"default";r=1;t=30' }],
    ["by another quota's reset", { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-requests": "30" }],
    ["by a quota whose name looks like a used up one", { ratelimit: '"a;r=0;t=99";r=5;t=1' }],
    ["by how full a bucket is that leaks all the time, as Shopify's", { "x-shopify-shop-api-call-limit": "40/40" }],
    ["by a limit of none", { "ratelimit-limit": "0", "ratelimit-reset": "30" }],
    ["by headers of something else", { "x-remaining": "0", "x-reset": "30" }],
    ["by no headers", {}],
  ])("%s", (_name, headers) => {
    expect(quotaWaitMs(headers, WALL)).toBeUndefined();
  });

  test.each([
    "",
    "-5",
    "soon",
    "5 minutes",
    "1e3",
    "0x10",
    "NaN",
    "Monday, sometime",
    "2026-13-45T00:00:00Z",
    "m",
    "5x",
  ])("by a reset that makes no sense: %j", (reset) => {
    expect(quotaWaitMs({ "ratelimit-remaining": "0", "ratelimit-reset": reset }, WALL)).toBeUndefined();
    expect(quotaWaitMs({ ratelimit: `"q";r=0;t=${reset}` }, WALL) ?? 0).toBeLessThanOrEqual(1_000);
  });
});

test("whatever the headers say, the wait is a number of milliseconds within an hour, or none", () => {
  const name = fc.constantFrom(
    "ratelimit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-remaining-a",
    "date",
  );
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("0", "-1", "1e400", "99999999999999999999", '"q";r=0;t=9', "5h5h"),
  );
  fc.assert(
    fc.property(fc.dictionary(name, fc.oneof(text, fc.array(text))), (headers) => {
      const waitMs = quotaWaitMs(headers, WALL);
      if (waitMs !== undefined) expect(waitMs > 0 && waitMs <= 3_600_000).toBe(true);
    }),
  );
});
