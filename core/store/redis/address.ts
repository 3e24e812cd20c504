/** Reads the store URLs that lead to a Redis. */
import { VconError } from "../../errors.ts";

export interface RedisAddress {
  kind: "single" | "cluster" | "sentinel";
  tls: boolean;
  hosts: { host: string; port: number }[];
  username: string | undefined;
  password: string | undefined;
  database: number;
  /** The name under which the sentinels know the master. */
  master: string;
}

/** What may stand before `://`, and what it means. */
const KINDS: Record<string, RedisAddress["kind"]> = {
  redis: "single",
  "redis+cluster": "cluster",
  "redis+sentinel": "sentinel",
};

const DEFAULT_PORT = { single: 6379, cluster: 6379, sentinel: 26379 };

/** Examples for the text of errors. */
export const REDIS_URL_FORMS = [
  "redis://host:6379/0",
  "rediss://user:password@host:6379/0",
  "redis+cluster://host:6379,host:6379",
  "redis+sentinel://host:26379,host:26379/master-name/0",
];

/** Whether `url` leads to a Redis; a second "s" as in `rediss` asks for TLS. */
export function isRedisUrl(url: string): boolean {
  return /^rediss?(\+(cluster|sentinel))?:/i.test(url);
}

/** @throws VconError `STORE_URL_MALFORMED`; like all errors here it does not quote the URL, which may hold a password */
export function parseRedisUrl(url: string): RedisAddress {
  const [, scheme = "", user, list = "", path = ""] =
    /^([a-z+]+):\/\/(?:(.*)@)?([^/?#]*)\/?([^?#]*)$/i.exec(url) ?? [];
  const tls = /^rediss/i.test(scheme);
  const kind = KINDS[scheme.toLowerCase().replace("rediss", "redis")];
  if (kind === undefined) throw malformed("it is not written like any of the examples");
  const segments = path.split("/").map(decode);
  const [username, ...password] = (user ?? "").split(":");
  const master = kind === "sentinel" ? (segments.shift() ?? "") : "";
  if (kind === "sentinel" && master === "") throw malformed("it names no master after the sentinels");
  return {
    kind,
    tls,
    hosts: list.split(",").map((host) => parseHost(host, DEFAULT_PORT[kind])),
    username: decode(username ?? "") || undefined,
    password: decode(password.join(":")) || undefined,
    database: parseDatabase(kind, segments),
    master,
  };
}

function parseHost(text: string, defaultPort: number): { host: string; port: number } {
  const [, host = "", port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text.trim()) ?? [];
  if (host === "" || Number(port) > 65_535)
    throw malformed("its host is missing or not written as host:port");
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port ?? defaultPort) };
}

function parseDatabase(kind: RedisAddress["kind"], segments: string[]): number {
  const database = segments.join("/") || "0";
  if (!/^\d{1,5}$/.test(database)) throw malformed("its database is not a number");
  if (kind === "cluster" && database !== "0") throw malformed("a cluster has no numbered databases");
  return Number(database);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed("a % in it is not followed by two hexadecimal digits; write %25 for the sign itself");
  }
}

function malformed(why: string): VconError {
  return new VconError(
    "STORE_URL_MALFORMED",
    `The store's URL can't be used: ${why}. Examples: ${REDIS_URL_FORMS.join(", ")}`,
  );
}
