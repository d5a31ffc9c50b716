/** The `traceparent` of W3C Trace Context: the trace and the span that a call belongs to. */

export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Bit 0: the trace is recorded. */
  readonly flags: number;
}

/** As the header's value. */
export function textOfTraceParent({ traceId, spanId, flags }: TraceParent): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;
}

/** Version 00, or a later one whose further fields are left aside. */
const FORMAT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Reads a header's value; `undefined` where it is not one (W3C Trace Context, section 3.2). */
export function parseTraceParent(text: unknown): TraceParent | undefined {
  const [, traceId, spanId, flags, more] = (typeof text === "string" && FORMAT.exec(text)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (more !== undefined && (text as string).startsWith("00")) return undefined;
  return { traceId, spanId, flags: parseInt(flags, 16) };
}
