/** Which addresses media may be fetched from; a name is judged by the addresses that the connection then uses. */
import { lookup as systemLookup } from "node:dns/promises";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { refused } from "./failures.ts";

/** The addresses of a host name, in the order in which to try them. */
export type Lookup = (hostname: string) => Promise<{ address: string }[]>;

/** Networks of one's own: loopback, private (RFC 1918), shared (RFC 6598) and unique-local (RFC 4193). */
const PRIVATE = {
  4: ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
  6: ["::1/128", "fc00::/7"],
};

/** Not for the public internet, by IANA's registries of special-purpose addresses. */
const SPECIAL = {
  4: [
    ...PRIVATE[4],
    "0.0.0.0/8",
    // Link-local, where clouds hand out credentials.
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
  ],
  6: [
    // All that is not global unicast, 2000::/3: loopback, mapped IPv4, NAT64, unique-local, link-local, multicast.
    "::/3",
    "4000::/2",
    "8000::/1",
    // Within it Teredo and its neighbours, documentation and 6to4.
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
  ],
};

const privateNetworks = blockLists(PRIVATE);
const specialNetworks = blockLists(SPECIAL);

/** Whether the address is one of the public internet, or, where those are allowed, of a network of one's own. */
export function isAllowed(address: string, allowPrivate: boolean): boolean {
  const version = isIP(address);
  if (version !== 4 && version !== 6) return false;
  const isIn = (networks: typeof specialNetworks) => networks[version].check(address, `ipv${version}`);
  return !isIn(specialNetworks) || (allowPrivate && isIn(privateNetworks));
}

/** For a connection: looks a name up once, and hands on those of its addresses that are allowed. */
export function guardedLookup(lookup: Lookup = everyAddress, allowPrivate: boolean): LookupFunction {
  return (hostname, _, callback) => {
    allowedOf(hostname, lookup, allowPrivate).then(
      (addresses) => callback(null, addresses),
      (error) => callback(error, []),
    );
  };
}

/** @throws VconError where the host of a URL is an address, in whatever writing, that is not allowed */
export function checkLiteral(hostname: string, allowPrivate: boolean): void {
  const address = hostname.replace(/^\[|\]$/g, "");
  if (isIP(address) && !isAllowed(address, allowPrivate)) throw notPublic(hostname);
}

async function allowedOf(hostname: string, lookup: Lookup, allowPrivate: boolean) {
  const found = await lookup(hostname);
  const allowed = found.filter(({ address }) => isAllowed(address, allowPrivate));
  if (allowed.length === 0) throw notPublic(hostname);
  return allowed.map(({ address }) => ({ address, family: isIP(address) }));
}

const everyAddress: Lookup = (hostname) => systemLookup(hostname, { all: true });

const notPublic = (host: string) =>
  refused(
    `${host} is not on the public internet, but on a private network, on this machine or nowhere. Allow private addresses only if the server is your own.`,
  );

/** One for each version, because an IPv4 address counts as part of the IPv6 network that maps it. */
function blockLists(networks: { 4: string[]; 6: string[] }) {
  const listOf = (version: 4 | 6) => {
    const list = new BlockList();
    for (const network of networks[version]) {
      const [address, prefix] = network.split("/");
      list.addSubnet(address!, Number(prefix), `ipv${version}`);
    }
    return list;
  };
  return { 4: listOf(4), 6: listOf(6) };
}
