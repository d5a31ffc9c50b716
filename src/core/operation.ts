/**
 * Operations are values: what can be asked of a system, with the schemas of question and answer and the effect of asking.
 *
 * The effect decides what busbar may do on its own: retry, hedging, caching and confirmation all derive from it.
 * - `read`        changes nothing
 * - `idempotent`  doing it twice is as doing it once
 * - `keyed`       made idempotent by an idempotency key that reaches the system
 * - `unsafe`      doing it twice does it twice
 * - `unknown`     raw text such as SQL: only the system can tell; repeated only through a session's `readOnlyHandlers`
 */
import type { z } from "zod";

/** What carrying out an operation does to the system; see the top of this module. */
export type Effect = "read" | "idempotent" | "keyed" | "unsafe" | "unknown";

/** One thing that a connector can do, with the schemas of question and answer. */
export interface Operation<
  I extends z.ZodType = z.ZodType,
  O extends z.ZodType = z.ZodType,
  S extends boolean = boolean,
> {
  readonly summary: string;
  readonly input: I;
  /** The answer; for a stream, one item of it. Describes and types; answers are not parsed again on the way out. */
  readonly output: O;
  readonly stream: S;
  /** What carrying it out does; where that hangs on the call, the effect that stands for it in lists and settings. */
  readonly effect: Effect;
  /** The effect of one particular call, where that hangs on more. */
  effectOf?(this: void, input: z.output<I>, about: EffectContext): Effect;
  /** On what it hangs, in words, for documentation: "`keyed` with an idempotency key, else `unsafe`". */
  readonly effectWhen?: string;
  readonly examples: readonly Example[];
  /** The operation that carries it out, where it has no handler of its own. */
  readonly via?: Via;
}

/** How an operation is carried out by another of the same connector. */
export interface Via {
  readonly operation: string;
  /** The other's input, parsed. Throws `input_invalid`. */
  input(this: void, input: unknown): unknown;
  /** What is made of its answer, or of one item of it. */
  answer?(this: void, answer: unknown): unknown;
}

/** What the effect of one call may hang on beside its input. */
export interface EffectContext {
  /** Whether the caller named the effect with an `idempotencyKey`. */
  readonly hasKey: boolean;
  /** The connector's own options, as parsed. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** An input that works, as documentation shows it. */
export interface Example {
  readonly title: string;
  readonly input: unknown;
}

/** Operations by name. */
export type Operations = Readonly<Record<string, Operation>>;

interface Extras {
  readonly examples?: readonly Example[];
}

/** An operation that changes nothing; may be repeated, hedged and cached. */
export function read<I extends z.ZodType, O extends z.ZodType>(
  summary: string,
  input: I,
  output: O,
  extras: Extras = {},
): Operation<I, O, false> {
  return { summary, input, output, stream: false, effect: "read", examples: extras.examples ?? [] };
}

/** An operation that changes something; never repeated after an unknown outcome unless its effect says that it may be. */
export function write<I extends z.ZodType, O extends z.ZodType>(
  summary: string,
  input: I,
  output: O,
  extras: Extras & {
    readonly effect?: Exclude<Effect, "read">;
    readonly effectOf?: (input: z.output<I>, about: EffectContext) => Effect;
    readonly effectWhen?: string;
  } = {},
): Operation<I, O, false> {
  const { effect = "unsafe", effectOf, effectWhen, examples = [] } = extras;
  const value = { summary, input, output, stream: false, effect, examples } as const;
  if (effectOf === undefined) return value;
  return { ...value, effectOf, ...(effectWhen === undefined ? {} : { effectWhen }) };
}

/** An operation that answers with many items, one after the other; `output` is one item. */
export function stream<I extends z.ZodType, O extends z.ZodType>(
  summary: string,
  input: I,
  item: O,
  extras: Extras & { readonly effect?: Effect } = {},
): Operation<I, O, true> {
  return {
    summary,
    input,
    output: item,
    stream: true,
    effect: extras.effect ?? "read",
    examples: extras.examples ?? [],
  };
}

/** What a caller may write as the operation's parameters. */
export type Input<Op extends Operation> = z.input<Op["input"]>;
/** What a handler gets: parsed, with defaults. */
export type Parsed<Op extends Operation> = z.output<Op["input"]>;
/** The answer, or one item of a stream. */
export type Answer<Op extends Operation> = z.output<Op["output"]>;

/** Names of the operations that answer once. */
export type Plain<Ops extends Operations> = {
  [K in keyof Ops & string]: Ops[K]["stream"] extends true ? never : K;
}[keyof Ops & string];

/** Names of the operations that answer with a stream; where only the name is known, of those that may. */
export type Streaming<Ops extends Operations> = {
  [K in keyof Ops & string]: Ops[K]["stream"] extends false ? never : K;
}[keyof Ops & string];
