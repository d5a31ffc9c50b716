import { randomBytes, randomUUID } from "node:crypto";
import { chownSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder, unprivilegedUser } from "./folders.ts";
import { type ClaimedPort, claimPort } from "./ports.ts";
import { cleanEnvironment, runProgram } from "./run-program.ts";
import type { Command, ServiceInstance, ServiceSpec } from "./service-spec.ts";
import { ServiceUnavailable } from "./service-unavailable.ts";

/** An instance with what has to be known to run, watch and remove it. */
export interface OwnedInstance {
  readonly id: string;
  readonly instance: ServiceInstance;
  /** The environment for everything that runs for this instance. */
  readonly environment: Readonly<Record<string, string>>;
  releasePorts(): void;
}

/** Finds the programs, claims the ports and makes the folder. Starts nothing. */
export async function makeInstance(spec: ServiceSpec): Promise<OwnedInstance> {
  const binaries = await spec.findBinaries();
  if (binaries === undefined) throw new ServiceUnavailable(spec);
  const id = randomUUID();
  const claimed: ClaimedPort[] = [];
  const claim = async (): Promise<number> => {
    const port = await claimPort();
    claimed.push(port);
    return port.port;
  };
  const port = await claim();
  const ports: Record<string, number> = {};
  for (const name of spec.extraPorts ?? []) ports[name] = await claim();

  const owner = spec.keepsRoot ? undefined : unprivilegedUser();
  const dir = makeTemporaryFolder(spec.name, { owner, needsDisk: spec.needsDisk });
  const environment = { ...cleanEnvironment(dir), TEST_SERVICE_ID: id };
  const instance: ServiceInstance = {
    host: "127.0.0.1",
    port,
    ports,
    dir,
    binaries,
    password: randomBytes(12).toString("hex"),
    owner,
    async write(name, content) {
      const path = join(dir, name);
      await writeFile(path, content, { mode: 0o600 });
      if (owner) chownSync(path, owner.uid, owner.gid);
      return path;
    },
    run(command: Command, options = {}) {
      return runProgram({ ...command, env: { ...environment, ...command.env } }, { ...options, cwd: dir, owner });
    },
  };
  return { id, instance, environment, releasePorts: () => claimed.forEach((each) => each.release()) };
}
