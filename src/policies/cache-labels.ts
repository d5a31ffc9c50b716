/**
 * What kept answers have in common, so that they can be outdated together: the operation that gave them, and their tags.
 *
 * A label is known as long as an answer that carries it is kept or on its way. Outdating marks it and forgets it, so that
 * those who carry it see that they are outdated when they are next looked at, and later ones get a new label of that name.
 * Nothing is searched for, and what is remembered is bounded by what is kept, however many names there have been.
 */
import type { Call } from "../core/call.ts";

/** Names of what outdates the answer to a call; `undefined` where that cannot be told. */
export type LabelsOf = (call: Call) => readonly string[] | undefined;

/** Shared by all who carry it. */
export interface Label {
  readonly name: string;
  holders: number;
  isOutdated: boolean;
}

export class CacheLabels {
  readonly #known = new Map<string, Label>();

  /** Labels that are known. */
  get size(): number {
    return this.#known.size;
  }

  /** Labels of these names as they are now, to be given back by `release`. */
  hold(names: readonly string[]): readonly Label[] {
    return names.map((name) => {
      let label = this.#known.get(name);
      if (label === undefined) this.#known.set(name, (label = { name, holders: 0, isOutdated: false }));
      label.holders++;
      return label;
    });
  }

  release(labels: readonly Label[]): void {
    for (const label of labels) if (--label.holders === 0 && !label.isOutdated) this.#known.delete(label.name);
  }

  outdate(name: string): void {
    const label = this.#known.get(name);
    if (label === undefined) return;
    label.isOutdated = true;
    this.#known.delete(name);
  }

  outdateAll(): void {
    for (const label of this.#known.values()) label.isOutdated = true;
    this.#known.clear();
  }
}

/** Whether none of them has been outdated. */
export function areCurrent(labels: readonly Label[]): boolean {
  return labels.every(({ isOutdated }) => !isOutdated);
}
