/** Finds the home that a store URL names. */
import { isAbsolute, join } from "node:path";
import { VconError } from "../errors.ts";
import type { VconStore } from "./store.ts";

export interface OpenOptions {
  /** The folder that a relative path in `sqlite:` starts from; the working directory if not given. */
  folder?: string;
  /** ISO 3166 code of the country in which telephone numbers without a country code are, such as "US". */
  country?: string | undefined;
}

/**
 * Opens the store that `url` names: `sqlite:<path>`, the path relative to `folder` or absolute.
 * @throws VconError `STORE_URL_MALFORMED`, `STORE_MISMATCH` or `STORE_UNAVAILABLE`
 */
export async function openStore(
  url: string,
  { folder = ".", country }: OpenOptions = {},
): Promise<VconStore> {
  if (url.startsWith("sqlite:")) {
    // Loaded here because node:sqlite costs memory that a flow with Redis should not pay.
    const { SqliteStore } = await import("./sqlite/sqlite-store.ts");
    const path = url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "");
    if (path === "") throw malformed("it names no file");
    return new SqliteStore({ file: isAbsolute(path) ? path : join(folder, path), country });
  }
  throw malformed("it starts with none of sqlite:");
}

/** Says what is wrong without the URL itself, which may hold a password. */
function malformed(why: string): VconError {
  return new VconError(
    "STORE_URL_MALFORMED",
    `The store's URL can't be used: ${why}. Example: sqlite:vcon.db`,
  );
}
