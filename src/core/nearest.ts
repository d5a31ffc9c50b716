/** The allowed name that a typo most likely meant. */

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, substitute);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}

/** The closest of `allowed`, or `undefined` where none is close: about a third of the letters may differ. */
export function nearest(found: string, allowed: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.ceil(found.length / 3) + 1;
  for (const name of allowed) {
    // No distance is less than the difference in length: text of any size costs nothing.
    if (Math.abs(found.length - name.length) >= bestDistance) continue;
    const d = distance(found.toLowerCase(), name.toLowerCase());
    if (d < bestDistance && d < name.length) [best, bestDistance] = [name, d];
  }
  return best;
}
