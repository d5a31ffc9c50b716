/** URLs as libpq reads them (PostgreSQL manual, "Connection URIs"): several hosts, Unix sockets, parameters. */
import { didYouMean } from "../../../../core/issues.ts";
import { keywords, readKeywords, type Keyword, type Said } from "./keywords.ts";

/** `postgresql://[user[:password]@][host[:port][,…]][/database][?parameter=value[&…]]` */
const URL_PARTS =
  /^postgres(?:ql)?:\/\/(?:(?<user>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<hosts>[^/?]*)(?:\/(?<dbname>[^?]*))?(?:\?(?<parameters>.*))?$/s;
const HOST_PARTS = /^(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>.*))?$/s;
const ENCODE = "characters such as / and @ in the password must be percent-encoded";

/** What the URL says, or what is wrong with it, without repeating any of it. */
export function readUrl(text: string): Said | string {
  if (!/^postgres(ql)?:\/\//.test(text)) return "must begin with postgresql://";
  const { user, password, hosts = "", dbname, parameters = "" } = URL_PARTS.exec(text)?.groups ?? {};
  const found = new Map<Keyword, string>();
  try {
    const places = hosts.split(",").map((each) => HOST_PARTS.exec(each)?.groups ?? {});
    const names = places.map(({ host = "" }) => decodeURIComponent(host));
    const ports = places.map(({ port = "" }) => decodeURIComponent(port));
    if (names.some((name, at) => (names.length > 1 && name === "") || name.includes(",") || ports[at]!.includes(",")))
      return `names a host without a name; ${ENCODE}`;
    const parts = { user, password, dbname, host: names.join(","), port: ports.some(Boolean) ? ports.join(",") : "" };
    // What is not written, or empty, is not said.
    for (const [name, part] of Object.entries(parts))
      if (part) found.set(name as Keyword, name === "host" || name === "port" ? part : decodeURIComponent(part));
    for (const each of parameters.split("&").filter(Boolean)) {
      const [name = "", value, ...more] = each.split("=");
      if (value === undefined || more.length > 0) return "has a parameter that is not written as name=value";
      // As drivers of Java write it.
      const isJava = name === "ssl" && value === "true";
      const keyword = isJava ? "sslmode" : keywords.find((known) => known === decodeURIComponent(name));
      if (keyword === undefined) return unknown(name);
      if (found.has(keyword)) return `says ${keyword} twice`;
      if (value !== "") found.set(keyword, isJava ? "require" : decodeURIComponent(value));
    }
  } catch {
    return "has a % that is no percent-encoding";
  }
  const said = readKeywords(Object.fromEntries(found));
  if (!("problem" in said)) return said;
  const { keyword, problem } = said;
  const isOfPlace = keyword === "host" || keyword === "port";
  return `has a ${keyword} that is not understood: it ${problem}${isOfPlace ? `; ${ENCODE}` : ""}`;
}

/** The name itself may be a piece of a password. */
function unknown(name: string): string {
  return `has a parameter that is not understood${didYouMean(name, keywords)}; allowed: ${keywords.join(", ")}`;
}
