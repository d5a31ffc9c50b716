/** Days and microseconds since 2000 as the text that PostgreSQL writes in ISO style (manual, "Date/Time Output"). */

const EPOCH_MS = Date.UTC(2000, 0, 1);
const DAY_MS = 86_400_000;
const DAY_MICROS = 86_400_000_000n;
const NEVER = 0x7fff_ffff;
const ALWAYS = -0x8000_0000;
const NEVER_MICROS = 2n ** 63n - 1n;
const ALWAYS_MICROS = -(2n ** 63n);
const TWO_32 = 0x1_0000_0000;

const two = (number: number): string => (number < 10 ? `0${number}` : String(number));

/** Days to `2024-02-29`, `0044-03-15 BC`, `infinity`. */
export function dateText(days: number): string {
  if (days === NEVER) return "infinity";
  if (days === ALWAYS) return "-infinity";
  const { shown, era } = dayOf(days);
  return shown + era;
}

/** Microseconds of a day to `23:59:59.5`. */
export function timeText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = micros - seconds * 1_000_000;
  const shown = `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return fraction === 0 ? shown : `${shown}.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
}

/** Microseconds to `2024-02-29 23:59:59.5`. */
export function timestampText(micros: bigint): string {
  if (micros === NEVER_MICROS) return "infinity";
  if (micros === ALWAYS_MICROS) return "-infinity";
  let days = micros / DAY_MICROS;
  if (days * DAY_MICROS > micros) days -= 1n;
  const { shown, era } = dayOf(Number(days));
  return `${shown} ${timeText(Number(micros - days * DAY_MICROS))}${era}`;
}

/** Microseconds, in two halves, to an instant; to text where no `Date` can be it. */
export function instantOf(high: number, low: number): Date | string {
  // Within 285 years of 2000 a double holds it exactly.
  const isNear = high >= -0x20_0000 && high < 0x20_0000;
  const micros = isNear ? undefined : (BigInt(high) << 32n) + BigInt(low);
  const ms = micros === undefined ? Math.floor((high * TWO_32 + low) / 1_000) : Number(floorDivide(micros, 1_000n));
  const instant = new Date(EPOCH_MS + ms);
  if (micros === undefined || !Number.isNaN(instant.getTime())) return instant;
  const shown = timestampText(micros);
  return shown.endsWith("infinity") ? shown : shown.replace(/( BC)?$/, "+00$1");
}

function floorDivide(number: bigint, by: bigint): bigint {
  const quotient = number / by;
  return quotient * by > number ? quotient - 1n : quotient;
}

/** Years beyond what `Date` knows are counted by hand: the calendar repeats itself every 400 years. */
function dayOf(days: number): { readonly shown: string; readonly era: string } {
  const cycles = Math.floor(days / 146_097);
  const at = new Date(EPOCH_MS + (days - cycles * 146_097) * DAY_MS);
  const year = at.getUTCFullYear() + cycles * 400;
  const [number, era] = year > 0 ? [year, ""] : [1 - year, " BC"];
  return { shown: `${String(number).padStart(4, "0")}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`, era };
}
