/** An API in a real Node-RED and its store, for the tests of what /v1 does with vCons. */
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { VconStore } from "../../core/index.ts";
import { startNodeRed, type TestNodeRed } from "../support/node-red.ts";
import { storeNode, storeOf } from "../support/vcons.ts";

export const MB = 1024 * 1024;
export const SECRET = "a secret of a test";

/** Every key's holder; "reader" may only read. */
const KEYS = { writer: "a-write-key-of-a-test", other: "another-write-key", reader: "a-read-key-of-a-test" };

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: string | Uint8Array | object;
  as?: keyof typeof KEYS;
}

export interface Api {
  nodeRed: TestNodeRed;
  store: VconStore;
  /** @param path below /v1 */
  ask(path: string, asked?: Asked): Promise<Response>;
  /** The ETag of the vCon as it is now. */
  etagOf(uuid: string): Promise<string>;
}

/**
 * To be called once in a test file: at /api vCons may have 6 MB, at /signed everything has to be signed. A node "files"
 * erases copies in the folder "copies" of the user's folder, which is not there.
 */
export function useApi(): Api {
  const api: Api = {
    nodeRed: undefined!,
    store: undefined!,
    ask(path, asked = {}) {
      return fetch(`${api.nodeRed.url}/api/v1${path}`, initOf(asked));
    },
    async etagOf(uuid) {
      return (await api.ask(`/vcons/${uuid}`, { method: "HEAD" })).headers.get("etag")!;
    },
  };
  beforeAll(async () => {
    api.nodeRed = await startNodeRed();
    const writers = `writer:${KEYS.writer} other:${KEYS.other}`;
    const keys = {
      readKeys: `reader:${KEYS.reader} ${writers}`,
      writeKeys: writers,
      adminKeys: "an-admin-key-of-a-test",
    };
    await api.nodeRed.deploy(
      [
        storeNode,
        { id: "api", type: "vcon-api", store: "store", maxSize: 6 },
        { id: "signed", type: "vcon-api", store: "store", path: "/signed", atRoot: false },
        { id: "files", type: "vcon-file", store: "store", folder: join(api.nodeRed.userFolder, "copies") },
      ],
      { api: keys, signed: { ...keys, signatureSecret: SECRET } },
    );
    api.store = await storeOf(api.nodeRed);
  });
  afterAll(async () => {
    await api.store?.close();
    await api.nodeRed?.stop();
  });
  return api;
}

export function initOf({ method, headers, body, as = "writer" }: Asked): RequestInit {
  const isBytes = typeof body === "string" || body instanceof Uint8Array || body === undefined;
  return {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { authorization: `Bearer ${KEYS[as]}`, "content-type": "application/json", ...headers },
    ...(body !== undefined && { body: isBytes ? (body as string) : JSON.stringify(body) }),
  };
}

/** What a problem says, if it is one in the form of RFC 9457. */
export async function problemOf(response: Response): Promise<Record<string, unknown>> {
  const problem = (await response.json()) as Record<string, unknown>;
  const type = response.headers.get("content-type");
  return {
    ...problem,
    isProblem: type === "application/problem+json" && problem["status"] === response.status,
  };
}
