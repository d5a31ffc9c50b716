/**
 * The innermost step: one try at the system.
 *
 * Gets the session (connecting where that is allowed), runs the handler, and turns whatever it throws into a
 * `ConnectorError` that knows what became of the effect. A try is over as soon as it is cancelled: nobody outside waits
 * for work that does not listen.
 */
import type { Call } from "./call.ts";
import { toConnectorError, type Classification } from "./classify.ts";
import type { Condition } from "./condition.ts";
import type { Session } from "./definition.ts";
import { ConnectorError } from "./errors.ts";
import type { Next } from "./policy.ts";
import type { CallRecord } from "./record.ts";
import { openStream, type OpenedStream } from "./stream.ts";
import { untilCancelled } from "./until-cancelled.ts";

export interface AttemptHooks {
  readonly classify: (error: unknown) => Classification | undefined;
  readonly onUnclassified: (error: unknown) => void;
  /** The session that this call can use, or undefined where one must be opened first. */
  readonly session: () => Session | undefined;
  /** Opens a session; throws a `ConnectorError`. */
  readonly connect: () => Promise<Session>;
  /** Hears of every try that was answered. */
  readonly condition?: Pick<Condition, "succeeded"> | undefined;
}

type AnyHandler = (input: unknown, call: Call) => unknown;

/** Work that is not a declared operation: a function of the session, run under the same policies. */
export type AdHoc = (session: Session, call: Call) => Promise<unknown>;

export function attempt(hooks: AttemptHooks, adHoc: (call: Call) => AdHoc | undefined): Next {
  const { condition } = hooks;
  const answered = (answer: unknown, record: CallRecord): unknown => {
    condition?.succeeded(record);
    return answer;
  };
  const run = async (call: Call): Promise<unknown> => {
    const { record } = call;
    // Nobody waits for it any more, and what has not begun needs no ending.
    call.throwIfCancelled();
    record.attempts++;
    try {
      let session = hooks.session();
      if (session === undefined) {
        record.stage = "connecting";
        session = await hooks.connect();
      }
      call.throwIfCancelled();
      const own = adHoc(call);
      record.provable = own === undefined && session.readOnlyHandlers?.[record.operation] !== undefined;
      record.stage = "running";
      if (own !== undefined) return answered(await own(session, call), record);
      const handlers = call.readOnly ? session.readOnlyHandlers : session.handlers;
      // The table is typed where the author writes it; here operations are looked up by name.
      const handler = handlers?.[record.operation] as AnyHandler | undefined;
      if (handler === undefined)
        throw new ConnectorError("internal", "The connector's session has no handler for it", { outcome: "none" });
      const answer = handler(call.input, call);
      return answered(
        call.operation.stream ? await opened(answer as AsyncIterable<unknown>, call) : await answer,
        record,
      );
    } catch (thrown) {
      const cancelled = call.cancelled;
      const error = cancelled ?? toConnectorError(thrown, hooks.classify, hooks.onUnclassified);
      call.noteFailure(error);
      throw error;
    }
  };
  return (call) => untilCancelled(run(call), call);
}

async function opened(source: AsyncIterable<unknown>, call: Call): Promise<OpenedStream<unknown>> {
  const stream = await openStream(source);
  const reason = call.cancelled;
  if (reason === undefined) return stream;
  // Nobody waits for this stream any more, so nobody else would end it.
  void stream.close().catch(() => {});
  throw reason;
}
