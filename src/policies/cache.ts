/**
 * Answers that are asked for again.
 *
 * Only reads, never streams, and only the operations that the settings name: an answer is kept for its time to live under
 * the operation and its input, as a digest, so that no input is held in clear. A hundred callers who miss the same answer
 * at the same time make one call: the first asks the system, the others wait, each under its own deadline and abort; if
 * the first gives up, the next takes its place. Everybody gets a copy. What is not plain data is not kept or shared, and
 * errors never are.
 *
 * After its time an answer can go on to be used while a fresh one is fetched behind the caller's back
 * (`staleWhileRevalidate`), or when the system does not answer (`staleIfError`; both after RFC 5861).
 *
 * A write that `invalidates` an operation outdates its answers once it is over, unless it certainly had no effect. Reads
 * under way at that moment may have seen the old state: they are answered, but neither kept nor joined by later callers,
 * who therefore always see what this connector wrote before. Answers can carry tags, so that a write outdates only what
 * it touched: `user:{input.id}` stands for the user whom the input names. In doubt, less is kept: an answer whose input
 * lacks a field of its tags is not kept at all, and a write whose input does outdates every answer.
 */
import { hash } from "node:crypto";
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Call } from "../core/call.ts";
import { canonicalText } from "../core/canonical.ts";
import type { Policy } from "../core/policy.ts";
import { CachedReads, type CacheEnvironment } from "./cache-reads.ts";
import type { LabelsOf } from "./cache-labels.ts";
import { CacheStore } from "./cache-store.ts";
import { cacheTags, tagsOf } from "./cache-tags.ts";

const ttl = duration("How long an answer is used; 0 shares it only among those who ask at the same time.");

const lifetime = z.union([
  ttl.transform((each) => ({ ttl: each, staleWhileRevalidate: 0, staleIfError: 0, tags: undefined })),
  z.strictObject({
    ttl,
    staleWhileRevalidate: duration("How long after that it is used while a fresh one is fetched.").default(0),
    staleIfError: duration("How long after that it is used when the system does not answer.").default(0),
    tags: cacheTags("By which writes outdate it: `users`, or with fields of the input, `user:{input.id}`."),
  }),
]);

export const cacheSetting = z
  .strictObject({
    operations: z
      .record(z.string(), lifetime)
      .refine((named) => Object.keys(named).length > 0, "names no operation")
      .meta({
        description:
          "Reads whose answers are kept, by name: a time to live, or `ttl` with `staleWhileRevalidate` and `staleIfError`, which say how long after it an answer is used while a fresh one is fetched, or when the system does not answer, and `tags`.",
      }),
    maxEntries: z
      .int()
      .min(1)
      .default(1_000)
      .meta({ description: "Most answers kept; beyond, the least used one goes." }),
  })
  .meta({ description: "Keeps answers of reads.", examples: [{ operations: { get: "60s" } }] });

const names = z.array(z.string()).min(1);

export const invalidatesSetting = z
  .record(
    z.string(),
    z.union([
      names,
      z
        .strictObject({
          operations: names.optional().meta({ description: "Cached operations, all of whose answers it outdates." }),
          tags: cacheTags("Tags of the answers that it outdates."),
        })
        .refine(({ operations, tags }) => operations !== undefined || tags !== undefined, {
          error: "outdates nothing; give it operations or tags",
        }),
    ]),
  )
  .meta({
    description:
      "Operations that write, and what each of them outdates: the names of cached operations, or `operations` and `tags`.",
    examples: [{ put: ["get"] }, { put: { tags: ["user:{input.id}"] } }],
  });

export type CacheSettings = z.output<typeof cacheSetting>;
export type InvalidatesSettings = z.output<typeof invalidatesSetting>;

/** What a write outdates; a list names operations. */
export function outdatedBy(setting: InvalidatesSettings[string]): Exclude<InvalidatesSettings[string], string[]> {
  return Array.isArray(setting) ? { operations: setting } : setting;
}

export function cache(
  settings: CacheSettings | undefined,
  invalidates: InvalidatesSettings | undefined,
  environment: CacheEnvironment,
): Policy | undefined {
  if (settings === undefined) return undefined;
  const store = new CacheStore(settings.maxEntries);
  const { labels } = store;
  const lifetimes = new Map(
    Object.entries(settings.operations).map(([name, lifetime]) => [
      name,
      { lifetime, labels: labelsOf(name, lifetime.tags) },
    ]),
  );
  const outdated = new Map(
    Object.entries(invalidates ?? {}).map(([name, setting]) => {
      const { operations = [], tags = [] } = outdatedBy(setting);
      return [name, { operations: operations.map(ofOperation), tags: tagsOf(tags) }];
    }),
  );
  return (next) => {
    const reads = new CachedReads(next, store, environment);
    return (call) => {
      const kept = lifetimes.get(call.name);
      const key = kept === undefined ? undefined : keyOf(call);
      if (kept !== undefined && key !== undefined) return reads.answer({ ...kept, call, key });
      const touched = call.effect === "read" ? undefined : outdated.get(call.name);
      if (touched !== undefined) {
        const tags = touched.tags(call.input);
        call.record.onSettled(() => {
          const { result, outcome } = call.record;
          if (result !== "ok" && outcome === "none") return;
          if (tags === undefined) labels.outdateAll();
          else for (const each of [...touched.operations, ...tags]) labels.outdate(each);
        });
      }
      return next(call);
    };
  };
}

/** What outdates the answers of an operation. */
function labelsOf(operation: string, tags: readonly string[] = []): LabelsOf {
  const own = ofOperation(operation);
  const found = tagsOf(tags);
  return ({ input }) => {
    const tagged = found(input);
    return tagged && [own, ...tagged];
  };
}

/** Nothing that a tag can be: it has a space. */
const ofOperation = (name: string): string => `operation ${name}`;

/** Tells this call's answer from all others; `undefined` where it cannot be told or is not to be kept. */
function keyOf({ name, input, effect, operation }: Call): string | undefined {
  // Work that a connector runs for itself has no input; its name may be an operation's.
  if (effect !== "read" || operation.stream || input === undefined) return undefined;
  const text = canonicalText(input);
  return text === undefined ? undefined : hash("sha256", `${name} ${text}`, "base64");
}
