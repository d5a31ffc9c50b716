import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConnectorError } from "../../core/errors.ts";
import { placeOf, requestTarget, shownPath, serverOf } from "./request-target.ts";

const api = placeOf("https://api.example.com/v1");
const root = placeOf("https://api.example.com");

test.each([
  ["/users", "/v1/users"],
  ["users", "/v1/users"],
  ["", "/v1"],
  ["/", "/v1/"],
  ["?page=2", "/v1?page=2"],
  ["/users?active=true", "/v1/users?active=true"],
  ["/users/Zoë Grün", "/v1/users/Zo%C3%AB%20Gr%C3%BCn"],
  ["/a%2Fb", "/v1/a%2Fb"],
  ["/a//b", "/v1/a//b"],
  ["/items:batchGet", "/v1/items:batchGet"],
  ["/.. ", "/v1/..%20"],
  ["/file.tar.gz", "/v1/file.tar.gz"],
  ["https://api.example.com/v1/users?page=2", "/v1/users?page=2"],
  ["https://api.example.com/v1", "/v1"],
])("the path %j below a base URL with a path is %s", (path, target) => {
  expect(requestTarget(api, path, undefined)).toBe(target);
});

test("a base URL keeps the slash at its end for an empty path, and doubles it for no other", () => {
  const place = placeOf("https://api.example.com/v1/");
  expect(requestTarget(place, "", undefined)).toBe("/v1/");
  expect(requestTarget(place, "/users", undefined)).toBe("/v1/users");
});

test("query parameters are encoded, lists repeat their name, null and undefined are left out", () => {
  const query = { q: "a&b=c d/é", tag: ["x", 2, null], all: true, none: null, nothing: undefined, "a[b]": 0 };
  expect(requestTarget(root, "/s", query)).toBe("/s?q=a%26b%3Dc%20d%2F%C3%A9&tag=x&tag=2&all=true&a%5Bb%5D=0");
  expect(requestTarget(root, "/s?x=1", { y: 2 })).toBe("/s?x=1&y=2");
  expect(requestTarget(root, "/s", { none: null })).toBe("/s");
});

describe("a path is refused without being shown", () => {
  test.each([
    ["another host", "https://evil.example/v1/users"],
    ["another port", "https://api.example.com:8443/v1/users"],
    ["another scheme", "http://api.example.com/v1/users"],
    ["a host that begins like ours", "https://api.example.com.evil.example/v1/users"],
    ["credentials in front of the host", "https://ada:secret@api.example.com/v1/users"],
    ["a path beside ours", "https://api.example.com/v2/users"],
    ["a path that only begins like ours", "https://api.example.com/v10/users"],
    ["two slashes", "//evil.example/users"],
    ["a slash and a backslash", "/\\evil.example/users"],
    ["dots", "/../admin"],
    ["dots inside", "/users/../../admin"],
    ["dots at the end", "/users/.."],
    ["dots before a space that a parser drops", "/a%2f..%2f.. /admin/.. "],
    ["encoded dots", "/%2e%2E/admin"],
    ["dots before an encoded slash", "/..%2fadmin"],
    ["dots before an encoded backslash", "/..%5Cadmin"],
    ["dots in a whole URL", "https://api.example.com/v1/../admin"],
    ["a line break", "/users\r\nX-Evil: 1"],
    ["a tab, which URLs swallow", "/us\ters"],
    ["a NUL", "/users\0"],
    ["a fragment", "/users#7"],
  ])("%s", (_, path) => {
    let error: unknown;
    try {
      requestTarget(api, path, undefined);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConnectorError);
    expect(error).toMatchObject({ kind: "input_invalid", outcome: "none" });
    expect((error as Error).message).not.toContain("evil");
    expect((error as Error).message).not.toContain("admin");
  });

  test("text that is not Unicode in the query", () => {
    expect(() => requestTarget(api, "/s", { q: "\ud800" })).toThrow("not Unicode");
  });
});

test("no path at all leaves the base URL, whatever parses it", () => {
  const nasty = fc.string({
    unit: fc.constantFrom("/", "\\", ".", "%2e", "%2f", "%5c", ":", "@", "?", "a", "é", " ", "http:"),
  });
  fc.assert(
    fc.property(nasty, (path) => {
      let target: string;
      try {
        target = requestTarget(api, path, undefined);
      } catch (error) {
        return error instanceof ConnectorError && error.kind === "input_invalid";
      }
      const url = new URL(`${api.origin}${target}`);
      const decoded = decodeURIComponent(url.pathname).replaceAll("\\", "/");
      return (
        /^[!-~]*$/.test(target) &&
        url.origin === api.origin &&
        `${url.pathname}/`.startsWith("/v1/") &&
        !decoded.split("/").includes("..")
      );
    }),
    { numRuns: 5_000 },
  );
});

test("messages show a path without its query, and only the beginning of a long one", () => {
  expect(shownPath("/users?token=x")).toBe("/users");
  expect(shownPath("")).toBe("/");
  expect(shownPath("https://api.example.com/v1/users?x")).toBe("api.example.com/v1/users");
  expect(shownPath(`/${"x".repeat(500)}`)).toHaveLength(121);
});

test.each([
  ["https://api.example.com/v1", { address: "api.example.com", port: 443 }],
  ["http://api.example.com", { address: "api.example.com", port: 80 }],
  ["http://[::1]:8080/", { address: "[::1]", port: 8080 }],
])("the server of %s", (url, server) => expect(serverOf(url)).toEqual(server));
