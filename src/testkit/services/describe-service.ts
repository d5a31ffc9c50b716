/**
 * Tests that need a server which this machine may not have.
 *
 * There is no skip. Where the server is missing, one test stands for all of them, which asserts that whoever starts it
 * is refused with the way to get it; it is told in one loud line, and is a failure under `CI=true` (install.ts).
 */
import { describe, expect, test } from "vitest";
import { areServicesAvailable } from "./install.ts";
import type { ServiceSpec } from "./service-spec.ts";
import { ServiceUnavailable } from "./service-unavailable.ts";
import { startService } from "./service.ts";

/** As vitest's `describe`; to be awaited at the top of a test file. */
export async function describeService(
  name: string,
  spec: ServiceSpec,
  tests: () => void | Promise<void>,
): Promise<void> {
  const isAvailable = await areServicesAvailable(spec);
  describe(name, isAvailable ? tests : () => declareLack(spec));
}

function declareLack(spec: ServiceSpec): void {
  test(`needs a server that is not on this machine: ${spec.howToGet}`, async () => {
    const refused = await startService(spec).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ServiceUnavailable);
    const { service, message } = refused as ServiceUnavailable;
    expect(service).toBe(spec.name);
    expect(message).toContain(spec.howToGet);
  });
}
