import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Secret } from "../../../../core/secret.ts";
import { readUrl } from "./url.ts";

const read = (url: string): unknown => {
  const said = readUrl(url);
  return typeof said === "string" ? said : plain(said);
};
/** With secrets as text that says that it was one. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) => each),
    (_, each: unknown) => each,
  ) as unknown;

describe("a URL says what libpq reads in it", () => {
  test.each([
    ["postgresql://", {}],
    ["postgresql://localhost", { hosts: ["localhost"] }],
    ["postgresql://localhost:5433", { hosts: ["localhost"], ports: [5433] }],
    ["postgresql://localhost/mydb", { hosts: ["localhost"], database: "mydb" }],
    ["postgresql://user@localhost", { hosts: ["localhost"], username: "user" }],
    ["postgresql://:6000/db", { ports: [6000], database: "db" }],
    ["postgresql:///db?host=localhost&port=5433", { hosts: ["localhost"], ports: [5433], database: "db" }],
    ["postgresql:///db?host=%2Fvar%2Frun%2Fpg&user=ada", { hosts: ["/var/run/pg"], database: "db", username: "ada" }],
    ["postgresql://%2Fvar%2Frun%2Fpg/db", { hosts: ["/var/run/pg"], database: "db" }],
    ["postgresql://[2001:db8::1234]:5433/db", { hosts: ["2001:db8::1234"], ports: [5433], database: "db" }],
    ["postgres://h1:123,h2:456/db", { hosts: ["h1", "h2"], ports: [123, 456], database: "db" }],
    ["postgres://h1,h2:456,[::1]/db", { hosts: ["h1", "h2", "::1"], ports: [null, 456, null], database: "db" }],
    ["postgresql://h1,h2/db", { hosts: ["h1", "h2"], database: "db" }],
    ["postgresql://ad%61@h/my%20app", { hosts: ["h"], username: "ada", database: "my app" }],
    [
      "postgresql://h/db?target_session_attrs=read-write&application_name=my+app%21&connect_timeout=10&channel_binding=require",
      {
        ...{ hosts: ["h"], database: "db", targetSessionAttrs: "read-write", applicationName: "my+app!" },
        ...{ connectTimeoutMs: 10_000, channelBinding: "require" },
      },
    ],
    ["postgresql://h/db?connect_timeout=0", { hosts: ["h"], database: "db", connectTimeoutMs: 0 }],
    ["postgresql://h/db?connect_timeout=-1", { hosts: ["h"], database: "db", connectTimeoutMs: 0 }],
    ["postgresql://h/db?ssl=true", { hosts: ["h"], database: "db", tls: { mode: "require" } }],
    [
      "postgresql://h?sslmode=verify-ca&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&sslpassword=pw",
      {
        hosts: ["h"],
        tls: { mode: "verify-ca", ca: "/ca.pem", cert: "/c.pem", key: "/k.pem", passphrase: "[redacted]" },
      },
    ],
    ["postgresql://h/db?sslmode=&&", { hosts: ["h"], database: "db" }],
  ])("%s", (url, expected) => {
    expect(read(url)).toEqual(expected);
  });

  test("and takes any user, password and database, percent-encoded", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((each) => !each.includes("\0"));
    fc.assert(
      fc.property(text, text, text, (username, password, database) => {
        const [user, word, name] = [username, password, database].map(encodeURIComponent);
        const said = readUrl(`postgresql://${user}:${word}@h/${name}`);
        expect(said).toMatchObject({ username, database, hosts: ["h"] });
        expect((said as { password: Secret }).password.reveal()).toBe(password);
        const asParameters = readUrl(`postgresql://h?user=${user}&password=${word}&dbname=${name}`);
        expect(plain(asParameters)).toEqual(plain(said));
      }),
    );
  });

  test("with characters in the password that need no encoding, as they are", () => {
    for (const password of ["p#ss", "p?ss=1&x", "a:b", "%25+ é"]) {
      const said = readUrl(`postgresql://ada:${password}@h/db`);
      expect((said as { password: Secret }).password.reveal()).toBe(decodeURIComponent(password));
    }
  });
});

describe("a URL is refused", () => {
  test.each([
    ["mysql://ada:hush@h/db", "must begin with postgresql://"],
    ["postgresql//ada:hush@h/db", "must begin with postgresql://"],
    ["postgresql://ada:hu/sh@h/db", "has a port that is not understood: it must be a number"],
    ["postgresql://ada:5432/hu?sh@h/db", "has a parameter that is not written as name=value"],
    ["postgresql://ada:hu@sh@h/db", "has a host that is not understood"],
    ["postgresql://ada:hush@h1,/db", "names a host without a name"],
    ["postgresql://ada:hush@h:0/db", "has a port that is not understood"],
    ["postgresql://ada:hush@h:70000/db", "has a port that is not understood"],
    ["postgresql://ada:hush@h o/db", "has a host that is not understood"],
    ["postgresql://ada:hush@@abstract/db", "has a host that is not understood"],
    ["postgresql://ada:hush%@h/db", "has a % that is no percent-encoding"],
    ["postgresql://ada:hush%00@h/db", "has a password that is not understood: it must not contain the character NUL"],
    ["postgresql://ada:hush@h/db?sslmod=require", 'did you mean "sslmode"?; allowed: host, port'],
    ["postgresql://ada:hush@h/db?xxhush=1", "has a parameter that is not understood; allowed: host, port"],
    ["postgresql://ada:hush@h/db?options=-csearch_path%3Dx", "has a parameter that is not understood"],
    ["postgresql://ada:hush@h/db?hostaddr=127.0.0.1", "has a parameter that is not understood"],
    ["postgresql://ada:hush@h/db?sslmode", "has a parameter that is not written as name=value"],
    ["postgresql://ada:hush@h/db?sslmode=a=b", "has a parameter that is not written as name=value"],
    ["postgresql://ada:hush@h/db?host=i", "says host twice"],
    ["postgresql://ada:hush@h/db?password=other", "says password twice"],
    ["postgresql://ada:hush@h/db?sslmode=require&ssl=true", "says sslmode twice"],
    ["postgresql://ada:hush@h/db?ssl=false", "has a parameter that is not understood"],
    ["postgresql://ada:hush@h/db?sslmode=prefer", "sslmode that is not understood: it must not be prefer or allow"],
    ["postgresql://ada:hush@h/db?sslmode=Verify-Full", "must be one of disable, require, verify-ca, verify-full"],
    ["postgresql://ada:hush@h/db?channel_binding=maybe", "must be one of disable, prefer, require"],
    ["postgresql://ada:hush@h/db?target_session_attrs=rw", "must be one of any, read-write"],
    ["postgresql://ada:hush@h/db?connect_timeout=5s", "must be a whole number of seconds"],
    [`postgresql://ada:hush@h/db?application_name=${"x".repeat(64)}`, "must have at most 63 characters"],
  ])("%s", (url, problem) => {
    const said = readUrl(url);
    expect(said).toEqual(expect.stringContaining(problem));
    for (const piece of ["ada", "hush", "sh@h", "maybe", "Verify-Full"]) expect(said).not.toContain(piece);
  });

  test("or read, whatever it is, and never takes long", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (rest) => {
        const said = readUrl(`postgresql://${rest}`);
        expect(["string", "object"]).toContain(typeof said);
      }),
    );
    const long = `postgresql://${"a:@/,?&=%41[".repeat(100_000)}`;
    const startedAt = performance.now();
    readUrl(long);
    readUrl(`postgresql://h?${"sslmode=x&".repeat(100_000)}`);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
