/**
 * Names that kept answers carry and writes outdate: `users`, or with fields of the input, `user:{input.id}`.
 *
 * What is made of an input is held as a digest, as inputs are.
 */
import { hash } from "node:crypto";
import { z } from "zod";
import { inputField } from "./input-field.ts";

const PLACE = /\{(input(?:\.[^.{}\s]+)+)\}/;

const tag = z
  .string()
  .min(1)
  .refine((text) => !/[{}]/.test(text.replaceAll(new RegExp(PLACE, "g"), "")), {
    error: "takes fields of the input in braces only: user:{input.id}",
  });

/** Tags of an answer, or of a write. */
export function cacheTags(description: string): z.ZodOptional<z.ZodArray<typeof tag>> {
  return z.array(tag).min(1).optional().meta({ description });
}

/** The fields of the input that a tag names: `input.id`. */
export function fieldsOfTag(tag: string): string[] {
  return [...tag.matchAll(new RegExp(PLACE, "g"))].map(([, field]) => field!);
}

/** Whether two tags can turn out the same, for all that is known before there is an input. */
export function canMeet(one: string, other: string): boolean {
  const [left, right] = [literalStart(one), literalStart(other)];
  if (left === one) return right === other ? one === other : one.startsWith(right);
  if (right === other) return other.startsWith(left);
  return left.startsWith(right) || right.startsWith(left);
}

const literalStart = (tag: string): string => tag.split(PLACE, 1)[0]!;

/** Digests of the tags of an input; `undefined` where a field that a tag names is not there. */
export type TagsOf = (input: unknown) => readonly string[] | undefined;

export function tagsOf(tags: readonly string[]): TagsOf {
  const each = tags.map(tagOf);
  return (input) => {
    const found = each.map((tag) => tag(input));
    return found.every((tag) => tag !== undefined) ? found : undefined;
  };
}

function tagOf(tag: string): (input: unknown) => string | undefined {
  // At the odd places stand the fields.
  const parts = tag.split(PLACE).map((part, at) => (at % 2 === 0 ? part : inputField(part)));
  if (parts.length === 1) {
    const fixed = digest(tag);
    return () => fixed;
  }
  return (input) => {
    let text = "";
    for (const part of parts) {
      const found = typeof part === "string" ? part : part(input);
      if (found === undefined) return undefined;
      text += found;
    }
    return digest(text);
  };
}

const digest = (text: string): string => hash("sha256", text, "base64");
