/**
 * Spans of OpenTelemetry: one a call, one a try as its child.
 *
 * A call's span covers what happens in this process: queueing, waits, the cache; it is INTERNAL. A try's span is what
 * reaches the system; it is CLIENT (PRODUCER where messages are sent) and carries the attributes of the semantic
 * conventions. A call that is answered from the cache has no try. The context that is active when the call is made is the
 * parent, unless the caller names another (`traceparent`). Each try runs inside its span's context, so that spans of
 * instrumented drivers, and the headers they send, belong to it. A stream's call ends when it has been read out, broken
 * off or failed; its try ends when the first items are there.
 *
 * The caller brings `@opentelemetry/api`: there must be one of it in a process, and it is the application's. What is used
 * of it is described here by its shape.
 */
import type { AttemptRecord } from "../core/attempt-record.ts";
import { systemClock } from "../core/clock.ts";
import type { CallRecord } from "../core/record.ts";
import { conventionOf, isSending, type Attributes } from "./conventions.ts";
import { operationLabels } from "./operation-label.ts";
import { subscribeTo } from "./subscribe.ts";

/** What is used of a span. */
export interface SpanLike {
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number };
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** What is used of a tracer. */
export interface TracerLike {
  startSpan(
    name: string,
    options: { kind?: number; attributes?: Attributes; startTime?: number },
    context: unknown,
  ): SpanLike;
}

/** What is used of `@opentelemetry/api`; pass the module itself. */
export interface OpenTelemetryLike {
  readonly trace: {
    getTracer(name: string): TracerLike;
    setSpan(context: unknown, span: SpanLike): unknown;
    setSpanContext(
      context: unknown,
      parent: { traceId: string; spanId: string; traceFlags: number; isRemote: boolean },
    ): unknown;
  };
  readonly context: {
    active(): unknown;
    with<T>(context: unknown, work: () => T): T;
  };
  readonly SpanKind: { readonly INTERNAL: number; readonly CLIENT: number; readonly PRODUCER: number };
  readonly SpanStatusCode: { readonly ERROR: number };
}

/** A call or try under way. */
interface Open {
  readonly span: SpanLike;
  /** For what happens inside it. */
  readonly context: unknown;
}

/** A trace that nobody records has this number. */
const NO_TRACE = /^0*$/;

/**
 * Makes spans of calls and tries until it is disposed of; those under way then have no end. A call's `traceId` becomes
 * that of its trace.
 */
export function traceTo(api: OpenTelemetryLike): Disposable {
  const tracer = api.trace.getTracer("busbar");
  const labelOf = operationLabels();
  const calls = new WeakMap<CallRecord, Open>();
  const attempts = new WeakMap<AttemptRecord, SpanLike>();

  const opened = (call: CallRecord, operation: string, startTime?: number): Open => {
    const { parent, connector, provider, effect } = call;
    const around =
      parent === undefined ? api.context.active() : api.trace.setSpanContext(api.context.active(), remote(parent));
    const options = {
      kind: api.SpanKind.INTERNAL,
      attributes: {
        "busbar.connector": connector,
        "busbar.provider": provider,
        "busbar.operation": operation,
        "busbar.effect": effect,
      },
      ...(startTime === undefined ? {} : { startTime }),
    };
    const span = tracer.startSpan(`${connector}.${operation}`, options, around);
    return { span, context: api.trace.setSpan(around, span) };
  };

  const callStart = (call: CallRecord): void => {
    const open = opened(call, labelOf(call));
    calls.set(call, open);
    const { traceId } = open.span.spanContext();
    if (!NO_TRACE.test(traceId)) call.traceId = traceId;
  };

  const call = (record: CallRecord): void => {
    // Refused before it began.
    const { span } = calls.get(record) ?? opened(record, labelOf(record), systemClock.wall() - record.durationMs);
    const { result = "internal", outcome, attempts: tries, waitMs, cache, replayed, error } = record;
    // What a caller made up stands in the message as well.
    const words = labelOf(record) === record.operation ? error?.message : undefined;
    span.setAttributes({
      "busbar.attempts": tries,
      "busbar.wait_ms": waitMs,
      "busbar.cache": cache,
      "busbar.replayed": replayed || undefined,
      "busbar.outcome": outcome,
      "error.type": result === "ok" ? undefined : result,
    });
    if (isFailure(result)) span.setStatus({ code: api.SpanStatusCode.ERROR, message: words ?? result });
    span.end();
  };

  const attemptStart = (record: AttemptRecord): void => {
    const { call: of, number } = record;
    const { connector, provider, type, effect, server } = of;
    const place = { connector, provider, type, effect, server, operation: labelOf(of) };
    const convention = conventionOf(of);
    const around = calls.get(of)?.context ?? api.context.active();
    const attributes: Attributes = {
      "busbar.connector": connector,
      "busbar.attempt": number,
      ...convention.begun(place),
      ...(type === "rest-api" && number > 1 ? { "http.request.resend_count": number - 1 } : {}),
    };
    const kind = isSending(of) ? api.SpanKind.PRODUCER : api.SpanKind.CLIENT;
    const span = tracer.startSpan(convention.spanName(place), { kind, attributes }, around);
    attempts.set(record, span);
    const { traceId, spanId, traceFlags } = span.spanContext();
    if (!NO_TRACE.test(traceId)) of.span = { traceId, spanId, flags: traceFlags };
    const inside = api.trace.setSpan(around, span);
    record.runInside((work) => api.context.with(inside, work));
  };

  const attempt = (record: AttemptRecord): void => {
    const span = attempts.get(record);
    if (span === undefined) return;
    const { result = "internal" } = record;
    span.setAttributes(conventionOf(record.call).over(record));
    // Its words may hold what the driver was given; those of the call's span are free of it.
    if (isFailure(result)) span.setStatus({ code: api.SpanStatusCode.ERROR, message: result });
    span.end();
  };

  return subscribeTo({ callStart, call, attemptStart, attempt });
}

/** Who gave up on purpose (a caller, a try that another one outran) did not see the system fail. */
function isFailure(result: string): boolean {
  return result !== "ok" && result !== "cancelled";
}

function remote({ traceId, spanId, flags }: NonNullable<CallRecord["parent"]>) {
  return { traceId, spanId, traceFlags: flags, isRemote: true };
}
