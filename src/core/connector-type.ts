/** The families of systems; `type` in YAML. */
export const CONNECTOR_TYPES = ["database", "rest-api", "message-queue", "file-system", "custom"] as const;

/** A family of systems. */
export type ConnectorType = (typeof CONNECTOR_TYPES)[number];
