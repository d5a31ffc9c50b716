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
import type { Via } from "./operation.ts";
import type { Next } from "./policy.ts";
import { openStream, type OpenedStream } from "./stream.ts";

export interface AttemptHooks {
  readonly classify: (error: unknown) => Classification | undefined;
  readonly onUnclassified: (error: unknown) => void;
  /** The session that this call can use, or undefined where one must be opened first. */
  readonly session: (call: Call) => Session | undefined;
  /** Opens a session; throws a `ConnectorError`. */
  readonly connect: () => Promise<Session>;
  /** Hears of every try that was answered. */
  readonly condition?: Pick<Condition, "succeeded"> | undefined;
}

type AnyHandler = (input: unknown, call: Call) => unknown;

export function attempt(hooks: AttemptHooks): Next {
  const { condition } = hooks;
  const ask = (session: Session, call: Call): unknown => {
    const { record, work } = call;
    const { via, stream } = call.operation;
    const name = via?.operation ?? record.operation;
    record.provable = work === undefined && session.readOnlyHandlers?.[name] !== undefined;
    record.stage = "running";
    // Whoever wrote it knows which session is his.
    if (work !== undefined) return work(session as never, call);
    const handlers = call.readOnly ? session.readOnlyHandlers : session.handlers;
    // The table is typed where the author writes it; here operations are looked up by name.
    const handler = handlers?.[name] as AnyHandler | undefined;
    if (handler === undefined)
      throw new ConnectorError("internal", "The connector's session has no handler for it", { outcome: "none" });
    if (via !== undefined) return askVia(via, handler, call);
    const answer = handler(call.input, call);
    return stream ? opened(answer as AsyncIterable<unknown>, call) : answer;
  };
  const connectAndAsk = async (call: Call): Promise<unknown> => {
    call.record.stage = "connecting";
    const session = await hooks.connect();
    call.throwIfCancelled();
    return ask(session, call);
  };
  // Whatever it throws before its first wait is a rejection like the rest.
  const begin = (call: Call): Promise<unknown> => {
    try {
      const session = hooks.session(call);
      return session === undefined ? connectAndAsk(call) : Promise.resolve(ask(session, call));
    } catch (thrown) {
      return Promise.reject(thrown);
    }
  };
  return (call) => {
    // Nobody waits for it any more, and what has not begun needs no ending.
    const reason = call.cancelled;
    if (reason !== undefined) return Promise.reject(reason);
    call.record.attempts++;
    return new Promise((resolve, reject) => {
      begin(call).then(
        (answer) => {
          resolve(answer);
          condition?.succeeded(call.record);
        },
        (thrown: unknown) => {
          const error = call.cancelled ?? toConnectorError(thrown, hooks.classify, hooks.onUnclassified);
          call.noteFailure(error);
          reject(error);
        },
      );
      call.hear(reject);
    });
  };
}

/** An operation without a handler of its own. */
async function askVia(via: Via, handler: AnyHandler, call: Call): Promise<unknown> {
  const asked = handler(via.input(call.input), call);
  const make = via.answer ?? ((answer: unknown) => answer);
  if (!call.operation.stream) return make(await asked);
  const stream = await opened(asked as AsyncIterable<unknown>, call);
  return {
    first: stream.first?.map(make),
    next: async () => (await stream.next())?.map(make),
    close: () => stream.close(),
  };
}

async function opened(source: AsyncIterable<unknown>, call: Call): Promise<OpenedStream<unknown>> {
  const stream = await openStream(source);
  const reason = call.cancelled;
  if (reason === undefined) return stream;
  // Nobody waits for this stream any more, so nobody else would end it.
  void stream.close().catch(() => {});
  throw reason;
}
