/** Milliseconds in the unit that people read: `250 ms`, `1.5 s`, `5 min`. */
export function durationText(ms: number): string {
  const short = (amount: number): string => String(Math.round(amount * 100) / 100);
  if (ms < 1_000) return `${short(ms)} ms`;
  return ms < 120_000 ? `${short(ms / 1_000)} s` : `${short(ms / 60_000)} min`;
}
