import { channels, type CallRecord } from "busbar";

/** What connectors tell of their calls, from now on. */
export interface KeptRecords {
  readonly of: readonly CallRecord[];
  stop(): void;
}

/** Keeps the record of every call that is meant. */
export function keepRecords(isMeant: (record: CallRecord) => boolean): KeptRecords {
  const of: CallRecord[] = [];
  const keep = (message: unknown): void => {
    const record = message as CallRecord;
    if (isMeant(record)) of.push(record);
  };
  channels.call.subscribe(keep);
  return { of, stop: () => void channels.call.unsubscribe(keep) };
}
