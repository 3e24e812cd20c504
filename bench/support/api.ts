/** A vCon API on a home, and the requests that are sent to it. */
import type { OpenHome } from "./homes.ts";
import { EACH, type Load } from "./load.ts";
import type { BenchNodeRed } from "./node-red.ts";

const KEY = "bench-key";

/** Each call on its own: what they have in common, and `values` as their own. */
export type Requests = Pick<Load, "method" | "path" | "body" | "status">;

/** Deploys an API with the settings that a new one has. @returns what sends requests to it */
export async function deployApi(nodeRed: BenchNodeRed, { url }: OpenHome): Promise<void> {
  await nodeRed.deploy(
    [
      { id: "store", type: "vcon-store", url, country: "US" },
      { id: "api", type: "vcon-api", store: "store" },
    ],
    { api: { adminKeys: KEY } },
  );
}

export function toApi(nodeRed: BenchNodeRed, requests: Requests): Omit<Load, "values" | "connections"> {
  return {
    ...requests,
    url: nodeRed.url,
    path: `/api${requests.path}`,
    headers: { "x-conserver-api-token": KEY, "content-type": "application/json" },
  };
}

export const getOne: Requests = { method: "GET", path: `/vcon/${EACH}`, status: 200 };
export const deleteOne: Requests = { method: "DELETE", path: `/vcon/${EACH}`, status: 204 };

/** @param vcon has {@link EACH} as its UUID */
export function post(vcon: object, list?: string): Requests {
  const query = list === undefined ? "" : `?ingress_lists=${list}`;
  return { method: "POST", path: `/vcon${query}`, body: JSON.stringify(vcon), status: 201 };
}
