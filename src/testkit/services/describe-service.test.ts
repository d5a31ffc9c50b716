import { expect, it, vi } from "vitest";
import { describeService } from "./describe-service.ts";
import { postgresql } from "./postgresql.ts";

const ran: string[] = [];
const missing = { ...postgresql(), name: "absent", debianPackages: [], howToGet: "Install it." };
const warn = vi.spyOn(console, "warn").mockReturnValue();
vi.stubEnv("CI", "");
await describeService("a server that is not here", { ...missing, findBinaries: async () => undefined }, () => {
  it("is never asked", () => expect.unreachable());
});
vi.stubEnv("CI", "true");
const inCI = describeService(
  "a server that is not here in CI",
  { ...missing, findBinaries: async () => undefined },
  () => {},
);
const refused = await inCI.catch((error: unknown) => error);
vi.unstubAllEnvs();
await describeService("a server that is here", { ...missing, findBinaries: async () => "/" }, () => {
  it("is asked", () => void ran.push("asked"));
});

it("declares a lack with one loud line, fails for it in CI, and runs what can be run", () => {
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("!!! NOT RUN: The test service absent"));
  expect(refused).toMatchObject({ name: "ServiceUnavailable" });
  expect(ran).toEqual(["asked"]);
});
