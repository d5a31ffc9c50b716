/** What concerns security: who was refused, which secrets were read, what was changed by hand. Names only, never values. */

/** A call, or a connection, that the system or a guard refused. */
export interface RefusalEvent {
  /**
   * `authentication failed` the system does not accept the credentials · `access denied` it does not allow this, a write
   * where only reading is allowed included · `write refused` an update or delete without a `where`.
   */
  readonly event: "authentication failed" | "access denied" | "write refused";
  readonly connector: string;
  readonly provider: string;
  /** Absent where the connection was refused. */
  readonly operation?: string | undefined;
  /** The system's own code, or the HTTP status. */
  readonly code?: string | number | undefined;
  readonly traceId?: string | undefined;
}

/** A credential that was taken from a configuration. */
export interface SecretReadEvent {
  readonly event: "secret read";
  readonly connector: string;
  /** `connection.password` */
  readonly setting: string;
  /** Where it is written: `connectors.yaml:7:13`, a place in code. */
  readonly source: string;
}

/** A configuration that was read and found right. */
export interface ConfigurationEvent {
  readonly event: "configuration loaded" | "configuration reloaded";
  readonly files: readonly string[];
  readonly connectors: readonly string[];
}

/** Credentials that were read again because the system refused the old ones, or because they had changed. */
export interface RenewalEvent {
  readonly event: "credentials renewed";
  readonly connector: string;
}

/** A circuit breaker that was set by hand. */
export interface CircuitEvent {
  readonly event: "circuit isolated" | "circuit reset";
  readonly connector: string;
}

/** What is published on `busbar:audit`. */
export type AuditEvent = RefusalEvent | SecretReadEvent | ConfigurationEvent | RenewalEvent | CircuitEvent;
