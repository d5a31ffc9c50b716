/** What is wrong with a text that is not YAML, in words that never quote it. */
import type { ErrorCode } from "yaml";

const MESSAGES: Readonly<Partial<Record<ErrorCode, string>>> = {
  ALIAS_PROPS: "an alias takes no anchor and no tag",
  BAD_ALIAS: "the name of an anchor or alias is wrong",
  BAD_DIRECTIVE: "this directive is not supported",
  BAD_DQ_ESCAPE: "an escape with \\ inside \"…\" that YAML does not know; write \\\\ for a backslash, or use '…'",
  BAD_INDENT: "the indentation does not fit the lines above",
  BAD_PROP_ORDER: "anchors and tags stand after the indicator they belong to",
  BAD_SCALAR_START: "a value cannot begin with this character; put it in quotes",
  BLOCK_AS_IMPLICIT_KEY: "a second name on the same line; put a value that contains `: ` in quotes",
  BLOCK_IN_FLOW: "inside { } or [ ] there is no indented list or map",
  DUPLICATE_KEY: "a name stands here twice",
  IMPOSSIBLE: "this cannot be read as YAML",
  KEY_OVER_1024_CHARS: "a name is longer than 1024 characters",
  MISSING_CHAR: "something is missing here: a colon after a name, or a closing quote or bracket",
  MULTILINE_IMPLICIT_KEY: "a name must stand on one line; is a colon missing?",
  MULTIPLE_ANCHORS: "a value has one anchor at most",
  MULTIPLE_DOCS: "a second document begins here; a file holds one",
  MULTIPLE_TAGS: "a value has one tag at most",
  NON_STRING_KEY: "a name must be text",
  TAB_AS_INDENT: "a tab is no indentation in YAML; use spaces",
  UNEXPECTED_TOKEN: "this does not belong here",
};

/** A sentence for an error code of the parser, with the place's most likely cause. */
export function syntaxMessage(code: ErrorCode, text: string, offset: number): string {
  if (text[offset] === "{" && text[offset - 1] === "$")
    return 'not valid YAML: inside { } and [ ] a ${…} needs quotes: "${NAME}"';
  return `not valid YAML: ${MESSAGES[code] ?? "this cannot be read"}`;
}
