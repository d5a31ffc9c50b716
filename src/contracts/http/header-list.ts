/** Headers as flat lists of names and values in turn, as undici takes them. */

/** Those of `over` win over those of `under`. */
export function mergedHeaders(under: readonly string[], over: readonly string[]): readonly string[] {
  if (over.length === 0) return under;
  let list = under;
  for (let at = 0; at < over.length; at += 2) list = withoutHeader(list, over[at]!.toLowerCase());
  return [...list, ...over];
}

/** @param name in lower case */
export function hasHeader(headers: readonly string[], name: string): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at]!.toLowerCase() === name) return true;
  return false;
}

/** @param name in lower case */
export function withoutHeader(headers: readonly string[], name: string): readonly string[] {
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at]!.toLowerCase() === name)
      return [...headers.slice(0, at), ...withoutHeader(headers.slice(at + 2), name)];
  return headers;
}
