/**
 * Installing what is missing, where that is wanted: on Debian, as root, in CI (`CI=true`) or when asked
 * (`BUSBAR_INSTALL_SERVICES=1`). A laptop is left as it is.
 *
 * Debian's packages start their servers, which no test wants. `policy-rc.d` with exit code 101 forbids it; it is put
 * there for the time of the installation only. All packages go in one run: one lock, one dpkg, and a second test
 * process waits for the first instead of failing. The whole is one shell script, so that it cleans up after itself
 * even if the test process is killed meanwhile. Package lists of a fresh machine are empty, hence the second try.
 */
import { existsSync } from "node:fs";
import { runProgram } from "./run-program.ts";
import type { ServiceSpec } from "./service-spec.ts";
import { ServiceUnavailable } from "./service-unavailable.ts";

const INSTALL_LIMIT_MS = 15 * 60_000;

const script = `
set -eu
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  trap 'rm -f "$guard"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > "$guard"
  chmod 755 "$guard"
fi
while [ "$1" != -- ]; do
  if [ ! -e "$1" ]; then mkdir -p "$(dirname "$1")"; printf '%s' "$2" > "$1"; fi
  shift 2
done
shift
install() {
  apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold --no-install-recommends install "$@"
}
install "$@" || { apt-get -q update && install "$@"; }
`;

/** Makes sure that the servers are on this machine, or throws `ServiceUnavailable` for the first that is not. */
export async function ensureInstalled(specs: readonly ServiceSpec[]): Promise<void> {
  const missing = await findMissing(specs);
  const [first] = missing;
  if (!first) return;
  const withoutPackage = missing.find((spec) => spec.debianPackages.length === 0);
  if (withoutPackage) throw new ServiceUnavailable(withoutPackage);
  const refusal = reasonNotToInstall();
  if (refusal) throw new ServiceUnavailable(first, refusal);

  const packages = [...new Set(missing.flatMap((spec) => spec.debianPackages))];
  const files = missing.flatMap((spec) => Object.entries(spec.debianFiles ?? {})).flat();
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const command = { file: "flock", args: ["/run/lock", "sh", "-c", script, "sh", ...files, "--", ...packages], env };
  try {
    await runProgram(command, { timeoutMs: INSTALL_LIMIT_MS });
  } catch (cause) {
    throw new ServiceUnavailable(first, `apt-get install ${packages.join(" ")} failed`, { cause });
  }
  const [stillMissing] = await findMissing(missing);
  if (stillMissing)
    throw new ServiceUnavailable(stillMissing, "its packages are installed, its programs are not found");
}

/**
 * Whether tests that need these servers can run here. When they cannot, that is one loud line on a developer's machine
 * and an error under `CI=true`, where a green run must not hide that nothing was tested.
 */
export async function areServicesAvailable(...specs: readonly ServiceSpec[]): Promise<boolean> {
  try {
    await ensureInstalled(specs);
    return true;
  } catch (error) {
    if (!(error instanceof ServiceUnavailable) || process.env["CI"] === "true") throw error;
    console.warn(`\n!!! NOT RUN: ${error.message} !!!\n`);
    return false;
  }
}

async function findMissing(specs: readonly ServiceSpec[]): Promise<ServiceSpec[]> {
  const found = await Promise.all(specs.map((spec) => spec.findBinaries()));
  return specs.filter((_, index) => found[index] === undefined);
}

function reasonNotToInstall(): string | undefined {
  if (process.env["CI"] !== "true" && process.env["BUSBAR_INSTALL_SERVICES"] !== "1") {
    return "BUSBAR_INSTALL_SERVICES=1 would install it";
  }
  if (!existsSync("/usr/bin/apt-get")) return "there is no apt-get to install it with";
  if (process.getuid?.() !== 0) return "only root can install it";
  return undefined;
}
