/** Dates and times as PostgreSQL keeps them: days and microseconds since 2000 (manual, "Date/Time Types"). */

const EPOCH_MS = Date.UTC(2000, 0, 1);
const DAY_MS = 86_400_000;
/** The oldest that the server takes: 4713 BC. */
const OLDEST_MS = Date.UTC(-4711, 0, 1);

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,6})?)(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** Each answers undefined where the value has no such meaning beyond doubt; the server then reads it as text. */
export function daysOf(value: unknown): number | undefined {
  if (value instanceof Date) {
    const ms = value.getTime();
    return ms >= OLDEST_MS ? Math.floor((ms - EPOCH_MS) / DAY_MS) : undefined;
  }
  const match = typeof value === "string" ? DATE.exec(value) : null;
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  // The 30th of February is the 1st of March to JavaScript.
  return at.getUTCDate() === day ? (at.getTime() - EPOCH_MS) / DAY_MS : undefined;
}

export function microsOfDay(value: unknown): number | undefined {
  const match = typeof value === "string" ? TIME.exec(value) : null;
  if (match === null) return undefined;
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + Number((match[4] ?? "").padEnd(6, "0"));
}

/** With a zone, the instant; a text for a column with a zone must have one, for a column without one must not. */
export function microsOf(value: unknown, hasZone: boolean): bigint | number | undefined {
  if (value instanceof Date) {
    const ms = value.getTime();
    return ms >= OLDEST_MS ? toMicros(ms - EPOCH_MS) : undefined;
  }
  const match = typeof value === "string" ? TIMESTAMP.exec(value) : null;
  if (match === null || (match[3] !== undefined) !== hasZone) return undefined;
  const days = daysOf(match[1]);
  const time = microsOfDay(match[2]);
  const offset = offsetMs(match[3]);
  if (days === undefined || time === undefined || offset === undefined) return undefined;
  const whole = toMicros(days * DAY_MS - offset);
  return typeof whole === "number" ? whole + time : whole + BigInt(time);
}

function offsetMs(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === "Z") return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3).replace(":", "") || 0)];
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** A number where it is exact. */
function toMicros(ms: number): bigint | number {
  return Math.abs(ms) < 9e12 ? ms * 1_000 : BigInt(ms) * 1_000n;
}
