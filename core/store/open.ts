/** Finds the home that a store URL names. */
import { isAbsolute, join } from "node:path";
import { VconError } from "../errors.ts";
import { isRedisUrl, REDIS_URL_FORMS } from "./redis/address.ts";
import type { VconStore } from "./store.ts";

export interface OpenOptions {
  /** The folder that a relative path in `sqlite:` starts from; the working directory if not given. */
  folder?: string;
  /** ISO 3166 code of the country in which telephone numbers without a country code are, such as "US". */
  country?: string | undefined;
  /** Of a Redis, in place of one in the URL. */
  password?: string | undefined;
}

/**
 * Opens the store that `url` names: `sqlite:<path>`, the path relative to `folder` or absolute, or a Redis:
 * `redis://user:password@host:port/database`, `rediss://` with TLS, `redis+cluster://host:port,host:port` and
 * `redis+sentinel://host:port,host:port/master-name`.
 * @throws VconError `STORE_URL_MALFORMED`, `STORE_MISMATCH` or `STORE_UNAVAILABLE`
 */
export async function openStore(
  url: string,
  { folder = ".", country, password }: OpenOptions = {},
): Promise<VconStore> {
  // Each home is loaded here because it costs memory that a flow with another one should not pay.
  if (isRedisUrl(url)) {
    const { RedisStore } = await import("./redis/redis-store.ts");
    return RedisStore.open({ url, country, password });
  }
  if (url.startsWith("sqlite:")) {
    const { SqliteStore } = await import("./sqlite/sqlite-store.ts");
    const path = url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "");
    if (path === "") throw malformed("it names no file");
    return new SqliteStore({ file: isAbsolute(path) ? path : join(folder, path), country });
  }
  throw malformed(
    "it starts with none of sqlite:, redis://, rediss://, redis+cluster:// and redis+sentinel://",
  );
}

/** Says what is wrong without the URL itself, which may hold a password. */
function malformed(why: string): VconError {
  const examples = ["sqlite:vcon.db", ...REDIS_URL_FORMS].join(", ");
  return new VconError("STORE_URL_MALFORMED", `The store's URL can't be used: ${why}. Examples: ${examples}`);
}
