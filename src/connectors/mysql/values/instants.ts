/** Instants as the server reads them, in UTC; those of one load are mostly of few days. */
const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));

let known = { day: NaN, text: "" };

/** `2026-01-02 03:04:05.678`; undefined where no year of the server's is meant. */
export function encodeInstant(date: Date): string | undefined {
  const at = date.getTime();
  const day = Math.floor(at / DAY_MS);
  if (day !== known.day) {
    const year = date.getUTCFullYear();
    if (!(year >= 0 && year <= 9_999)) return undefined;
    known = { day, text: date.toISOString().slice(0, 10) };
  }
  const ms = at - day * DAY_MS;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const rest = ms % 1_000;
  const fraction = `${String(Math.floor(rest / 100))}${TWO_DIGITS[rest % 100]!}`;
  const time = `${TWO_DIGITS[Math.floor(minutes / 60)]!}:${TWO_DIGITS[minutes % 60]!}:${TWO_DIGITS[seconds % 60]!}`;
  return `${known.text} ${time}.${fraction}`;
}
