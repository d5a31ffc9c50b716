/** Links between the pages: every file and heading that they name is there. */
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** Relative links of a page that lead nowhere, as `file:line: link`. */
export function deadLinks(root: string, page: string): string[] {
  return linesOutsideCode(root, page).flatMap(({ text, line }) =>
    [...text.replaceAll(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^[a-z]+:/.test(target) && !leadsSomewhere(root, page, target))
      .map((target) => `${page}:${line}: ${target}`),
  );
}

function leadsSomewhere(root: string, page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : posix.join(posix.dirname(page), path);
  if (!existsSync(join(root, file))) return false;
  return anchor === undefined || anchors(root, file).has(anchor);
}

/** Headings as GitHub names them: lower case, no punctuation, dashes for spaces. */
function anchors(root: string, file: string): ReadonlySet<string> {
  const headings = linesOutsideCode(root, file).flatMap(({ text }) => /^#+\s+(.*)$/.exec(text)?.[1] ?? []);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/g, "-"),
    ),
  );
}

function linesOutsideCode(root: string, file: string): { readonly text: string; readonly line: number }[] {
  let isCode = false;
  return readFileSync(join(root, file), "utf8")
    .split("\n")
    .map((text, at) => ({ text, line: at + 1 }))
    .filter(({ text }) => {
      const isFence = /^\s*```/.test(text);
      if (isFence) isCode = !isCode;
      return !isCode && !isFence;
    });
}
