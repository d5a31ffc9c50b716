/**
 * What callers were told of their writes, held against what the system has.
 *
 * A caller learns one of three things: the write was carried out (`acknowledged`), it certainly had no effect (`none`), or
 * nobody knows (`unknown`). The first two are promises. Whatever happens, nothing is there twice.
 */
import { ConnectorError, KINDS } from "busbar";
import { expectNone, type Expectation } from "./scenario.ts";

/** What the caller of one write knows of it. */
export type Fate = "acknowledged" | "none" | "unknown";

/** Fates by the id of the write, and what the failures were. */
export class Fates {
  readonly #fates = new Map<string, Fate>();
  readonly #failures = new Map<string, number>();
  readonly #strange: string[] = [];

  acknowledge(id: string): void {
    this.#fates.set(id, "acknowledged");
  }

  /** Notes how a call failed; answers whether the same call may succeed at another time. */
  fail(id: string, error: unknown): boolean {
    if (!(error instanceof ConnectorError) || error.outcome === undefined) {
      this.#strange.push(`${id} failed with ${String(error)}`);
      this.#fates.set(id, "unknown");
      return false;
    }
    const { kind, outcome } = error;
    this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1);
    this.#fates.set(id, outcome);
    return KINDS[kind].repeat !== "never";
  }

  get settled(): number {
    return this.#fates.size;
  }

  of(fate: Fate): string[] {
    return [...this.#fates].filter(([, each]) => each === fate).map(([id]) => id);
  }

  /** Kinds of the failures with their numbers, most first. */
  failures(): string {
    const sorted = [...this.#failures].sort(([, a], [, b]) => b - a);
    return sorted.map(([kind, count]) => `${count} ${kind}`).join(", ") || "none";
  }

  /**
   * Holds the fates against the effects that the system shows, by id: how often each write was carried out, or a negative
   * number where it was carried out in part.
   */
  against(effects: ReadonlyMap<string, number>): Expectation[] {
    const count = (id: string): number => effects.get(id) ?? 0;
    const seen = [...effects.keys()];
    return [
      expectNone(
        "no write is carried out twice",
        seen.filter((id) => count(id) > 1),
      ),
      expectNone(
        "no write is carried out by half",
        seen.filter((id) => count(id) < 0),
      ),
      expectNone(
        "every acknowledged write is there",
        this.of("acknowledged").filter((id) => count(id) === 0),
      ),
      expectNone(
        "no write that is said to have had no effect is there",
        this.of("none").filter((id) => count(id) !== 0),
      ),
      expectNone(
        "nothing is there that nobody wrote",
        seen.filter((id) => !this.#fates.has(id)),
      ),
      expectNone("every failure says what became of its write", this.#strange),
    ];
  }
}
