/**
 * Which settings of a connector written by hand are secrets: nobody says, so it is guessed, and rather once too often.
 *
 * What came out of `${…}`, what is named like a credential and what is a URL with a password in it is treated as one.
 */
import { isPlainObject } from "../core/plain-object.ts";
import { Secret } from "../core/secret.ts";

const CREDENTIAL = /pass|pwd|secret|token|credential|auth|private|signature|(api|access|account|shared)[_-]?key|^key$/i;
const URL_WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*:[^/\s]*@/i;

/** Settings as everybody else sees them: what is likely a credential is a `Secret`. */
export function concealed(
  value: unknown,
  isSecret: (path: readonly string[]) => boolean,
  path: string[] = [],
): unknown {
  if (Array.isArray(value)) return value.map((item, at) => concealed(item, isSecret, [...path, String(at)]));
  if (isPlainObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, concealed(item, isSecret, [...path, key])]),
    );
  if (typeof value !== "string" || value === "") return value;
  const isOne = isSecret(path) || path.some((name) => CREDENTIAL.test(name)) || URL_WITH_PASSWORD.test(value);
  return isOne ? new Secret(value) : value;
}
