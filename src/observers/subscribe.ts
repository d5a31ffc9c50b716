/** Listens to busbar's channels until it is disposed of. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { AttemptRecord } from "../core/attempt-record.ts";
import type { AuditEvent } from "../core/audit-event.ts";
import {
  channels,
  type ConditionEvent,
  type NoticeEvent,
  type StateEvent,
  type UnclassifiedEvent,
} from "../core/events.ts";
import type { CallRecord } from "../core/record.ts";

/** What each channel tells. */
interface Messages {
  readonly callStart: CallRecord;
  readonly call: CallRecord;
  readonly attemptStart: AttemptRecord;
  readonly attempt: AttemptRecord;
  readonly state: StateEvent;
  readonly condition: ConditionEvent;
  readonly unclassified: UnclassifiedEvent;
  readonly notice: NoticeEvent;
  readonly audit: AuditEvent;
}

export type Listeners = { readonly [K in keyof Messages]?: (message: Messages[K]) => void };

/** Subscribes each listener to its channel; the answer unsubscribes them all. */
export function subscribeTo(listeners: Listeners): Disposable {
  const ends = Object.entries(listeners).map(([name, listener]) => {
    const { name: channel } = channels[name as keyof Messages];
    // Each channel carries what `Messages` says of it; the runtime's type knows one type for all.
    const listen = (message: unknown): void => (listener as (message: unknown) => void)(message);
    subscribe(channel, listen);
    return () => unsubscribe(channel, listen);
  });
  return {
    [Symbol.dispose]: () => {
      for (const end of ends) end();
    },
  };
}
