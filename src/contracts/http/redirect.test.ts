import { expect, test } from "vitest";
import { rangeOf } from "./address-range.ts";
import { impersonal, isRedirect, mayHaveActed, redirectOf } from "./redirect.ts";

test.each([
  ["example.com", "public"],
  ["8.8.8.8", "public"],
  ["[2606:4700::1111]", "public"],
  ["localhost", "loopback"],
  ["LOCALHOST.", "loopback"],
  ["api.localhost", "loopback"],
  ["127.0.0.1", "loopback"],
  ["127.8.9.1", "loopback"],
  ["0.0.0.0", "loopback"],
  ["[::1]", "loopback"],
  ["[::]", "loopback"],
  ["[::ffff:7f00:1]", "loopback"],
  ["10.1.2.3", "private"],
  ["172.16.0.1", "private"],
  ["172.32.0.1", "public"],
  ["192.168.1.1", "private"],
  ["[fd00:ec2::254]", "private"],
  ["[::ffff:a00:1]", "private"],
  ["169.254.169.254", "link-local"],
  ["[fe80::1]", "link-local"],
  ["100.100.100.200", "shared"],
  ["198.18.0.1", "reserved"],
  ["224.0.0.1", "reserved"],
  ["255.255.255.255", "reserved"],
  ["[64:ff9b::7f00:1]", "reserved"],
  ["[2002:7f00:1::]", "reserved"],
])("the host %s lies in the %s range", (host, range) => {
  expect(rangeOf(host)).toBe(range);
});

test.each([
  "http://0x7f.1/",
  "http://2130706433/",
  "http://0177.0.0.1/",
  "http://127.1/",
  "http://[::ffff:127.0.0.1]/",
])("%s is loopback however it is written", (url) => {
  expect(rangeOf(new URL(url).hostname)).toBe("loopback");
});

const from = { origin: "https://api.example.com", target: "/v1/a?b=c", method: "POST" };

test.each([
  [301, "POST", "GET", false],
  [302, "POST", "GET", false],
  [303, "POST", "GET", false],
  [303, "PUT", "GET", false],
  [303, "HEAD", "HEAD", true],
  [302, "PUT", "PUT", true],
  [302, "GET", "GET", true],
  [307, "POST", "POST", true],
  [308, "PATCH", "PATCH", true],
])("%i after %s asks with %s", (status, method, next, keepsBody) => {
  expect(redirectOf(status, "/x", { ...from, method })).toMatchObject({ method: next, keepsBody, isForeign: false });
});

test("a location is read from where it was said, and another port is another origin", () => {
  expect(redirectOf(302, "x?y", from).url.href).toBe("https://api.example.com/v1/x?y");
  expect(redirectOf(302, "https://cdn.example.com/x", from).isForeign).toBe(true);
  expect(redirectOf(302, "https://api.example.com:444/x", from).isForeign).toBe(true);
});

test.each([
  ["http://api.example.com/x", "from https to http"],
  ["ftp://api.example.com/x", "of scheme ftp:"],
  ["file:///etc/passwd", "of scheme file:"],
  ["https://169.254.169.254/latest/meta-data", "to a link-local address"],
  ["https://localhost/x", "to a loopback address"],
  ["https://10.0.0.1/x", "to a private address"],
  ["https://[::ffff:10.0.0.1]/x", "to a private address"],
  ["https://0x7f.1/x", "to a loopback address"],
  ["https://", "not a URL"],
])("a redirect to %s is refused", (location, message) => {
  expect(() => redirectOf(302, location, from)).toThrow(message);
  expect(() => redirectOf(302, location, from)).toThrow(expect.objectContaining({ kind: "unsupported" }));
});

test("within a range redirects are followed, from one range into another they are not", () => {
  const here = { ...from, origin: "http://127.0.0.1:8080" };
  expect(redirectOf(302, "http://localhost:9090/x", here).isForeign).toBe(true);
  expect(() => redirectOf(302, "http://169.254.169.254/", here)).toThrow("link-local");
  expect(() => redirectOf(302, "http://127.0.0.1/", { ...from, origin: "http://10.0.0.1" })).toThrow("loopback");
});

test("only headers that say nothing about who asks go to another origin", () => {
  const headers = [
    "Accept",
    "x",
    "X-Api-Key",
    "s",
    "Cookie",
    "s",
    "authorization",
    "s",
    "content-type",
    "y",
    "x-tenant",
    "s",
  ];
  expect(impersonal(headers)).toEqual(["Accept", "x", "content-type", "y"]);
});

test("which statuses are followed, and which may follow an effect", () => {
  expect([300, 301, 302, 303, 304, 307, 308].filter(isRedirect)).toEqual([301, 302, 303, 307, 308]);
  expect(mayHaveActed(303, "POST")).toBe(true);
  expect(mayHaveActed(307, "POST")).toBe(false);
  expect(mayHaveActed(302, "GET")).toBe(false);
});
