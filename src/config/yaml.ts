/**
 * YAML text to a tree that knows its lines.
 *
 * The parser builds a document with positions; what YAML allows and a configuration has no use for (two keys of one name,
 * tags, several documents, aliases that multiply) is refused here with its place instead of being resolved in silence.
 * The parser's own messages are not passed on: they quote the text, and the text may be a secret.
 */
import type { Alias, Document, Node as YamlNode, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Origin } from "./origin.ts";
import { DEEPEST, type Fault, type MapEntry, type Node } from "./tree.ts";
import { syntaxMessage } from "./yaml-syntax.ts";

export interface ReadYaml {
  /** `undefined` where the text is empty or cannot be read as YAML. */
  readonly tree: Node | undefined;
  readonly faults: readonly Fault[];
}

/** Values that aliases may add to a document; a bomb adds billions. */
const MOST_ALIASED = 10_000;
const CORE_TAG = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;

const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** Reads one document; `file` is how messages name it. */
export async function readYaml(text: string, file: string): Promise<ReadYaml> {
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const originAt = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    // Before the first line has been seen the counter answers 0.
    return { from: "file", file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const refuse = (offset: number, message: string): ReadYaml => ({
    tree: undefined,
    faults: [{ origin: originAt(offset), message }],
  });
  let document: Document.Parsed;
  try {
    document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  } catch (error) {
    if (error instanceof RangeError) return refuse(0, "nested too deeply");
    throw error;
  }
  const control = CONTROL.exec(text);
  if (control !== null) return refuse(control.index, "contains a control character; is it a text file?");
  // What follows the first error is often only its consequence.
  const [error] = document.errors;
  if (error !== undefined) return refuse(error.pos[0], syntaxMessage(error.code, text, error.pos[0]));
  const reader = new Reader(text, originAt, yaml);
  for (const { code, pos } of document.warnings)
    if (code !== "TAG_RESOLVE_FAILED") reader.fault(pos[0], syntaxMessage(code, text, pos[0]));
  const tree = document.contents === null ? undefined : reader.read(document.contents);
  return { tree, faults: reader.faults };
}

type Guards = Pick<typeof import("yaml"), "isAlias" | "isMap" | "isScalar" | "isSeq">;

class Reader {
  readonly faults: Fault[] = [];
  readonly #text: string;
  readonly #originAt: (offset: number) => Origin;
  readonly #is: Guards;
  readonly #anchors = new Map<string, YamlNode>();
  /** Nodes being read right now, so that an alias to one of them is a circle. */
  readonly #open = new Set<YamlNode>();
  #aliased = 0;
  #isBomb = false;
  #aliasDepth = 0;

  constructor(text: string, originAt: (offset: number) => Origin, guards: Guards) {
    this.#text = text;
    this.#originAt = originAt;
    this.#is = guards;
  }

  fault(offset: number, message: string): void {
    this.faults.push({ origin: this.#originAt(offset), message });
  }

  read(node: YamlNode): Node {
    if (this.#is.isAlias(node)) return this.#alias(node);
    const offset = node.range?.[0] ?? 0;
    const { anchor } = node as { readonly anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    if (this.#aliasDepth > 0 && ++this.#aliased > MOST_ALIASED) return this.#nothing(offset);
    if (node.tag !== undefined && !CORE_TAG.test(node.tag)) {
      this.fault(offset, "tags are not supported; write the value without it");
      return this.#nothing(offset);
    }
    if (this.#open.size > DEEPEST) {
      this.fault(offset, `nested deeper than ${DEEPEST} levels`);
      return this.#nothing(offset);
    }
    this.#open.add(node);
    const read = this.#is.isMap(node) ? this.#map(node) : this.#is.isSeq(node) ? this.#list(node) : this.#scalar(node);
    this.#open.delete(node);
    return read;
  }

  #alias(alias: Alias): Node {
    const offset = alias.range?.[0] ?? 0;
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      this.fault(offset, `alias *${alias.source} stands before its anchor &${alias.source}, or there is none`);
      return this.#nothing(offset);
    }
    if (this.#open.has(target)) {
      this.fault(offset, `alias *${alias.source} contains itself`);
      return this.#nothing(offset);
    }
    this.#aliasDepth++;
    const read = this.read(target);
    if (--this.#aliasDepth === 0 && this.#aliased > MOST_ALIASED && !this.#isBomb) {
      this.#isBomb = true;
      this.fault(offset, `aliases add more than ${MOST_ALIASED} values`);
    }
    return read;
  }

  #map(map: YAMLMap): Node {
    const entries = new Map<string, MapEntry>();
    const merged = new Map<string, MapEntry>();
    let mergedAt: Origin | undefined;
    for (const pair of map.items as Pair<YamlNode, YamlNode | null>[]) {
      const { key, value } = pair;
      const offset = key.range?.[0] ?? map.range?.[0] ?? 0;
      const keyOrigin = this.#originAt(offset);
      if (!this.#is.isScalar(key) || key.value === null) {
        this.fault(offset, key === null || this.#is.isScalar(key) ? "a name is missing" : "a name must be text");
        continue;
      }
      // As it is written: 1.0 stays 1.0.
      const name = typeof key.value === "string" ? key.value : (key.source ?? "");
      const isMerge = name === "<<" && key.type === "PLAIN";
      const first = isMerge ? mergedAt : entries.get(name)?.keyOrigin;
      if (first !== undefined && first.from === "file") {
        this.fault(offset, `"${name}" stands here twice; first in line ${first.line}`);
        continue;
      }
      if (isMerge) {
        mergedAt = keyOrigin;
        if (value !== null) this.#merge(value, merged);
      } else {
        const end = key.range?.[1] ?? offset;
        const node = value === null ? this.#nothing(end, null) : this.read(value);
        entries.set(name, { keyOrigin, node });
      }
    }
    for (const [name, entry] of merged) if (!entries.has(name)) entries.set(name, entry);
    return { kind: "map", origin: this.#originAt(map.range?.[0] ?? 0), entries };
  }

  /** `<<: *a` or `<<: [*a, *b]`; the earlier one wins, and the map's own names win over both. */
  #merge(value: YamlNode, merged: Map<string, MapEntry>): void {
    const node = this.read(value);
    for (const each of node.kind === "list" ? node.items : [node]) {
      if (each.kind === "map") {
        for (const [name, entry] of each.entries) if (!merged.has(name)) merged.set(name, entry);
      } else if (each.kind === "list" || each.faults === undefined)
        this.fault(value.range?.[0] ?? 0, "<< takes a map or a list of maps");
    }
  }

  #list(list: YAMLSeq): Node {
    const offset = list.range?.[0] ?? 0;
    const items = (list.items as (YamlNode | null)[]).map((item) =>
      item === null ? this.#nothing(offset, null) : this.read(item),
    );
    return { kind: "list", origin: this.#originAt(offset), items };
  }

  #scalar(node: YamlNode): Node {
    const { value, range } = node as Scalar;
    const [from, to] = range ?? [0, 0];
    const origin = this.#originAt(from);
    if (typeof value !== "string") return { kind: "scalar", origin, value };
    const placeOf = (at: number): Origin => this.#originAt(from + offsetIn(this.#text.slice(from, to), value, at));
    return { kind: "scalar", origin, value, placeOf };
  }

  #nothing(offset: number, value?: null): Node {
    const origin = this.#originAt(offset);
    return value === null ? { kind: "scalar", origin, value } : { kind: "scalar", origin, value, faults: [] };
  }
}

/**
 * Where the reference at character `at` of a value stands in its source, which may be quoted, escaped or folded: names are
 * the same in both, so the n-th of its name in the value is the n-th of its name in the source.
 */
function offsetIn(source: string, value: string, at: number): number {
  const needle = /^\$\{\w*/.exec(value.slice(at))?.[0];
  if (needle === undefined) return 0;
  let found = -1;
  for (let before = value.indexOf(needle); before <= at; before = value.indexOf(needle, before + 1)) {
    const next = source.indexOf(needle, found + 1);
    if (next < 0) return Math.max(0, found);
    found = next;
    if (before === at) break;
  }
  return Math.max(0, found);
}
