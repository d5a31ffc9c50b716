/**
 * Prepared statements of one connection (PostgreSQL manual, "Extended Query").
 *
 * A statement that comes a second time is given a name, so that the server parses and plans it no more, and says no more
 * of what types its columns are; once is not worth the name. The least used give way. A statement that the server has
 * forgotten (DISCARD, DEALLOCATE, a pooler that changed servers) or whose columns have changed is prepared anew.
 */
import type { Shape } from "../values/shape.ts";

/** Most statements with a name on one connection. */
const MOST = 256;
/** Longer texts are mostly made for one call. */
const LONGEST = 8 * 1024;

/** What is known of a statement with a name. */
export interface Prepared {
  readonly name: string;
  /** OIDs of its parameters. */
  readonly types: readonly number[];
  /** Of its rows; undefined where it answers with none. */
  readonly shape: Shape | undefined;
}

interface Entry {
  prepared?: Prepared;
}

export class StatementCache {
  readonly #entries = new Map<string, Entry>();
  readonly #isOff: boolean;
  #names = 0;
  /** Names that the server may forget. */
  #closing: string[] = [];

  constructor({ isOff = false }: { readonly isOff?: boolean } = {}) {
    this.#isOff = isOff;
  }

  /** A prepared statement, or a name to prepare it under; undefined where it is to go without. */
  find(sql: string): Prepared | string | undefined {
    if (this.#isOff || sql.length > LONGEST) return undefined;
    const entry = this.#entries.get(sql);
    if (entry === undefined) {
      this.#add(sql, {});
      return undefined;
    }
    // The last is the one that was used last.
    this.#entries.delete(sql);
    this.#entries.set(sql, entry);
    return entry.prepared ?? `busbar_s${++this.#names}`;
  }

  /** As it is, whether it is used or not. */
  peek(sql: string): Prepared | undefined {
    return this.#entries.get(sql)?.prepared;
  }

  keep(sql: string, prepared: Prepared): void {
    const entry = this.#entries.get(sql);
    if (entry === undefined) this.#closing.push(prepared.name);
    else entry.prepared = prepared;
  }

  /** What is known of a statement holds no more. */
  forget(sql: string): void {
    const { prepared } = this.#entries.get(sql) ?? {};
    if (prepared !== undefined) this.#closing.push(prepared.name);
    this.#entries.delete(sql);
  }

  /** The server knows none of them any more. */
  clear(): void {
    this.#entries.clear();
    this.#closing = [];
  }

  /** Names that the server is to forget, told once. */
  takeClosing(): readonly string[] {
    if (this.#closing.length === 0) return NONE;
    const closing = this.#closing;
    this.#closing = [];
    return closing;
  }

  #add(sql: string, entry: Entry): void {
    this.#entries.set(sql, entry);
    if (this.#entries.size <= MOST) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.forget(oldest);
  }
}

const NONE: readonly string[] = [];
