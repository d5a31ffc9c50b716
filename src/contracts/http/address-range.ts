/**
 * Which part of the network a host name lies in, as far as the name itself tells.
 *
 * A redirect that leads from a public API into one's own network is an attack (server-side request forgery). URLs print
 * every spelling of an IPv4 address the same way, so octal, hexadecimal and short forms need no care here.
 */
import { BlockList, isIP } from "node:net";

export type AddressRange = "public" | "loopback" | "private" | "link-local" | "shared" | "reserved";

type Subnet = readonly [address: string, prefix: number];

/** From the IANA special-purpose address registries; the first that fits counts. */
const RANGES: readonly (readonly [AddressRange, BlockList])[] = [
  ["loopback", listOf([["127.0.0.0", 8], ["0.0.0.0", 8], ["::1", 128], ["::", 128]])], // prettier-ignore
  ["private", listOf([["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16], ["fc00::", 7]])], // prettier-ignore
  ["link-local", listOf([["169.254.0.0", 16], ["fe80::", 10]])], // prettier-ignore
  ["shared", listOf([["100.64.0.0", 10]])],
  [
    "reserved",
    listOf([
      ["192.0.0.0", 24],
      ["198.18.0.0", 15],
      ["224.0.0.0", 3],
      ["ff00::", 8],
      // Addresses that carry an IPv4 address inside.
      ["::", 96],
      ["64:ff9b::", 96],
      ["64:ff9b:1::", 48],
      ["2002::", 16],
    ]),
  ],
];

function listOf(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, address.includes(":") ? "ipv6" : "ipv4");
  return list;
}

/** The range of a URL's `hostname`; names other than `localhost` count as public. */
export function rangeOf(hostname: string): AddressRange {
  const host = hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  const family = isIP(host);
  if (family === 0) return /(^|\.)localhost$/i.test(host) ? "loopback" : "public";
  return RANGES.find(([, list]) => list.check(host, family === 6 ? "ipv6" : "ipv4"))?.[0] ?? "public";
}
