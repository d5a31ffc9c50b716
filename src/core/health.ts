/** What a health check tells. It never throws: not being well is an answer. */
export interface Health {
  readonly status: "healthy" | "degraded" | "unhealthy";
  readonly connected: boolean;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  /** Milliseconds that the system took to answer. */
  readonly responseTime?: number | undefined;
  /** Why it is not healthy. */
  readonly error?: string | undefined;
}

/** What a session's `ping` may answer instead of nothing: it works, but not as it should. */
export interface Degraded {
  readonly degraded: string;
}
