/**
 * Real servers as private test services.
 *
 * Every service is a child process with its own free loopback port, its own folder and its own password, so that any
 * number of them run side by side, next to whatever the machine runs already, and next to other test runs. It starts in
 * tens of milliseconds (PostgreSQL: about 0.2 s, its data directory is a copy of one made before), which is why the rule
 * is: one private service for each test file, begun in `beforeAll` and destroyed in `afterAll`. Tests of one file part
 * its state with a database, a virtual host or a prefix each (`createDatabase`). Only servers that need seconds are
 * shared by a whole run (shared-service.ts), and never by tests that break them.
 *
 * What breaks a service is part of its surface: `crash`, `pause`, `stop`, and a fault proxy in front (`proxied`).
 * Nothing outlives the test process (watchdog.ts).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type FaultProxy, startFaultProxy } from "../fault-proxy.ts";
import { makeInstance, type OwnedInstance } from "./make-instance.ts";
import { freezeTree, killTree, sendSignal, startTimeOf, thawTree } from "./process-tree.ts";
import { readTail } from "./read-tail.ts";
import type { Command, ServiceSpec } from "./service-spec.ts";
import type { ServiceTrace } from "./sweep.ts";
import { becomesTrue } from "./wait.ts";
import { unwatch, watch } from "./watchdog.ts";

const STOP_LIMIT_MS = 10_000;

/** A running (or stopped, or broken) server. Its methods take effect one after the other and can be called twice. */
export class Service {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  readonly dir: string;
  readonly #spec: ServiceSpec;
  readonly #owned: OwnedInstance;
  readonly #proxies: FaultProxy[] = [];
  readonly #logFile: string;
  #lastLog: string | undefined;
  #process: ChildProcess | undefined;
  #trace: ServiceTrace;
  #turn: Promise<unknown> = Promise.resolve();
  #destroyed: Promise<void> | undefined;

  constructor(spec: ServiceSpec, owned: OwnedInstance) {
    const { instance } = owned;
    const facts = spec.facts(instance);
    this.name = spec.name;
    this.host = instance.host;
    this.port = instance.port;
    this.url = facts.url;
    this.username = facts.username;
    this.password = instance.password;
    this.database = facts.database;
    this.dir = instance.dir;
    this.#spec = spec;
    this.#owned = owned;
    this.#logFile = join(instance.dir, "output.log");
    this.#trace = { id: owned.id, dir: instance.dir, stopSignal: spec.stopSignal };
    watch(this.#trace);
  }

  /** The server's process; undefined while it does not run. */
  get pid(): number | undefined {
    return this.isRunning ? this.#process?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null;
  }

  /** The last 64 KB that the server printed, also after it is destroyed. */
  log(): string {
    return this.#lastLog ?? readTail(this.#logFile);
  }

  /** Starts the server on its port and data, and waits until it answers in its protocol. */
  start(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#destroyed) throw new Error(`The test service ${this.name} is destroyed`);
      if (this.isRunning) return;
      await killTree(this.#trace); // what a server that ended by itself has left
      const { instance } = this.#owned;
      for (const companion of this.#spec.companions?.(instance) ?? []) await this.#spawn(companion);
      this.#process = await this.#spawn(this.#spec.command(instance));
      const { pid } = this.#process;
      this.#trace = { ...this.#trace, pid, startTime: pid ? startTimeOf(pid) : "" };
      watch(this.#trace);
      await this.#becomesReady(signal);
    });
  }

  /** Ends the server in good order; by force when that takes longer than 10 s. Its port and data stay. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.isRunning) {
        thawTree(this.#trace); // a frozen process does not hear the next signal
        const pid = (await this.#spec.stopPid?.(this.#owned.instance)) ?? this.#process?.pid;
        if (pid) sendSignal(pid, this.#spec.stopSignal);
        await becomesTrue(() => !this.isRunning, { timeoutMs: STOP_LIMIT_MS });
      }
      await killTree(this.#trace);
    });
  }

  /** SIGKILLs every process of the server and returns when none is left. Its port and data stay. */
  crash(): Promise<void> {
    return this.#inTurn(async () => {
      await killTree(this.#trace);
      await becomesTrue(() => !this.isRunning, { timeoutMs: STOP_LIMIT_MS });
    });
  }

  /** Freezes every process of the server: connections stay open, nobody answers. */
  pause(): Promise<void> {
    return this.#inTurn(() => freezeTree(this.#trace));
  }

  resume(): Promise<void> {
    return this.#inTurn(async () => thawTree(this.#trace));
  }

  /** The same server through a proxy that makes network faults; closed with the service. */
  async proxied(): Promise<FaultProxy> {
    const proxy = await startFaultProxy({ targetHost: this.host, targetPort: this.port });
    this.#proxies.push(proxy);
    return proxy;
  }

  /** Ends the server and removes its folder. */
  destroy(): Promise<void> {
    this.#destroyed ??= this.#destroy();
    return this.#destroyed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  async #destroy(): Promise<void> {
    await this.stop();
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    await this.#spec.discard?.(this.#owned.instance);
    this.#lastLog = this.log();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 });
    this.#owned.releasePorts();
    unwatch(this.#owned.id);
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(run, run);
    this.#turn = mine;
    mine.catch(() => {}); // whoever called has the error; the next in turn goes ahead
    return mine;
  }

  async #spawn(command: Command): Promise<ChildProcess> {
    const { instance, environment } = this.#owned;
    const log = openSync(this.#logFile, "a", 0o600);
    try {
      const child = spawn(command.file, command.args, {
        cwd: instance.dir,
        detached: true,
        env: { ...environment, ...command.env },
        stdio: ["ignore", log, log], // a file, not a pipe: a server never waits for a busy test process to read
        ...instance.owner,
      });
      await once(child, "spawn");
      child.unref();
      return child;
    } finally {
      closeSync(log);
    }
  }

  async #becomesReady(signal: AbortSignal | undefined): Promise<void> {
    const timeoutMs = this.#spec.startTimeoutMs ?? 30_000;
    const isOver = (): boolean => !this.isRunning || this.#destroyed !== undefined;
    const probe = async (): Promise<boolean> => isOver() || (await this.#spec.isReady(this.#owned.instance));
    try {
      const isReady = await becomesTrue(probe, { timeoutMs, signal });
      if (isReady && this.isRunning) return;
      const what = isReady ? "ended while it started" : `was not ready within ${timeoutMs} ms`;
      throw new Error(`The test service ${this.name} ${what}. It printed last:\n${this.log().slice(-2000)}`);
    } catch (error) {
      await killTree(this.#trace);
      throw error;
    }
  }
}

/** Starts a private server and waits until it serves. Throws `ServiceUnavailable` when it is not on this machine. */
export async function startService(
  spec: ServiceSpec,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Service> {
  const owned = await makeInstance(spec);
  const service = new Service(spec, owned);
  try {
    await spec.prepare(owned.instance);
    await service.start(options.signal);
    return service;
  } catch (error) {
    await service.destroy();
    throw error;
  }
}
