/**
 * What one kind of server needs to be started as a private test service. A new kind of server is one file that makes
 * one of these; everything that all servers share (ports, folders, users, processes, teardown) is in service.ts.
 */

/** A program to run. It gets a clean environment: of this process's variables only `PATH`. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunOptions {
  /** Written to the program's standard input. */
  readonly input?: string;
  /** Default 60 000. */
  readonly timeoutMs?: number;
}

/** One server to be: where it stands and what belongs to it. Fixed for its whole life, whatever is stopped and started. */
export interface ServiceInstance {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The ports that the spec asked for in `extraPorts`, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** Own folder, in memory where there is room, empty at first; the server's user owns it. */
  readonly dir: string;
  /** What `findBinaries` found. */
  readonly binaries: string;
  /** Made for this instance, so that no test can talk to another server by accident. Letters and digits. */
  readonly password: string;
  /** The user that the server runs as, when that is not the one who runs the tests. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Writes a file into `dir` for the server's eyes only (mode 0600) and returns its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** Runs a program as the server's user, in `dir`, to its end; throws with its output when it fails. */
  run(command: Command, options?: RunOptions): Promise<string>;
}

/** How a service is reached, beside host and port. */
export interface ConnectionFacts {
  readonly url: string;
  readonly username: string;
  readonly database: string;
}

/** What is needed to run one kind of server privately. */
export interface ServiceSpec {
  /** Lower case, for folders and messages: `postgresql`. */
  readonly name: string;
  /** What to install on Debian; empty where there is no package. */
  readonly debianPackages: readonly string[];
  /** Files that must stand *before* the packages are installed, by path; a file that is there is left alone. */
  readonly debianFiles?: Readonly<Record<string, string>>;
  /** One sentence for whoever has not got the server: how to get it by hand. */
  readonly howToGet: string;
  /** The folder of the server's programs, or undefined when it is not on this machine. */
  findBinaries(): Promise<string | undefined>;
  /** Names of further ports that the server listens on. */
  readonly extraPorts?: readonly string[];
  /** Keeps the rights of the user who runs the tests. Default: root is given up for nobody (65534). */
  readonly keepsRoot?: boolean;
  /** Its folder is on a disk, not in memory. */
  readonly needsDisk?: boolean;
  /** Makes data and configuration. Runs once an instance. */
  prepare(instance: ServiceInstance): Promise<void>;
  /** The server itself, in the foreground. */
  command(instance: ServiceInstance): Command;
  /** Programs that the server needs beside it, started before it and ended after it. */
  companions?(instance: ServiceInstance): readonly Command[];
  /** Asks the server once, in its own protocol, whether it serves. An open port is not enough. */
  isReady(instance: ServiceInstance): Promise<boolean>;
  /** Default 30 000. */
  readonly startTimeoutMs?: number;
  /** Ends the server in good order. */
  readonly stopSignal: NodeJS.Signals;
  /** Who gets the stop signal, where that is not the process that was started (a wrapper script). */
  stopPid?(instance: ServiceInstance): Promise<number | undefined>;
  /** Gives back what lives outside the folder. Runs once, with no process left, before the folder is removed. */
  discard?(instance: ServiceInstance): Promise<void>;
  facts(instance: ServiceInstance): ConnectionFacts;
}
