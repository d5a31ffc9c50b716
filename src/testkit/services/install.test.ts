import { afterEach, describe, expect, it, vi } from "vitest";
import { areServicesAvailable, ensureInstalled } from "./install.ts";
import { postgresql } from "./postgresql.ts";
import type { ServiceSpec } from "./service-spec.ts";
import { startService } from "./service.ts";

const absent: ServiceSpec = {
  ...postgresql(),
  name: "absent",
  debianPackages: ["no-such-package"],
  howToGet: "Install no-such-package.",
  findBinaries: () => Promise.resolve(undefined),
};

afterEach(() => vi.unstubAllEnvs());

describe("a service whose programs are not on the machine", () => {
  it("is refused with the way to get it", async () => {
    vi.stubEnv("CI", "");
    vi.stubEnv("BUSBAR_INSTALL_SERVICES", "");
    await expect(ensureInstalled([absent])).rejects.toThrow(
      "The test service absent is not available (BUSBAR_INSTALL_SERVICES=1 would install it). Install no-such-package.",
    );
    await expect(startService(absent)).rejects.toThrow("Install no-such-package.");
  });

  it("is one loud line on a developer's machine and an error in CI", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    vi.stubEnv("CI", "");
    const withoutPackage = { ...absent, debianPackages: [] };
    expect(await areServicesAvailable(withoutPackage)).toBe(false);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("!!! NOT RUN: The test service absent"));
    vi.stubEnv("CI", "true");
    await expect(areServicesAvailable(withoutPackage)).rejects.toThrow("absent");
  });
});
