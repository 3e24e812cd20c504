/** What a route gets of a request, and of the API that it belongs to. */
import type { IncomingMessage } from "node:http";
import type { Handle, TrailEvent, VconStore } from "../core/index.ts";
import type { Holder } from "./access/keys.ts";

export interface Call<Params = unknown, Query = unknown> {
  api: ApiContext;
  params: Params;
  query: Query;
  request: IncomingMessage;
  /** Who asks; for an API that is open and an open route, whoever is at the other end. */
  holder: Holder;
  /** The other end's address. */
  address: string;
  /** Aborts when the other end is gone, or the time limit is over. */
  signal: AbortSignal;
  /** Whoever has a key of this ingress list. @throws ApiError 403, 429 */
  admitToList(list: string): Promise<Holder>;
  /** A header of the request, its name in lower case; several of the same name with commas between them. */
  header(name: string): string | undefined;
  /** The whole body as it was sent. @throws ApiError 413, 403 where it has to be signed and is not */
  bytes(): Promise<Buffer>;
  /** The body as JSON. @throws ApiError as bytes, 422 */
  json(): Promise<unknown>;
  /** The body as it comes; what is wrong with it may be known only at its end. */
  stream(): AsyncIterable<Uint8Array>;
}

/** What the API works with. */
export interface ApiContext {
  /** Opened at the first call. @throws VconError `STORE_UNAVAILABLE` */
  store(): Promise<VconStore>;
  flows: RunningFlows;
  settings: ApiSettings;
  /** The node that offers the API, as the trail names it. */
  node: NonNullable<TrailEvent["node"]>;
  /** Tells whoever looks after this Node-RED; the text holds nothing personal. */
  warn(text: string): void;
}

export interface ApiSettings {
  /** Where it answers, such as "/api"; "" for the root. */
  path: string;
  /** In which header the conserver's programs present their key. */
  keyHeader: string;
  /** Names that are lists of a Python conserver; "*" for all. Others are queues. */
  conserverLists: readonly string[];
  /** The most bytes that a body may have. */
  maxBytes: number;
  /** The secret of X-Hub-Signature-256, empty for none. */
  signatureSecret: string;
}

/** The flows that run in this process. */
export interface RunningFlows {
  /** What is set in every node that runs, environment variables put in, without credentials. */
  nodes(): RunningNode[];
  /**
   * Has a destination erase the copy that it has made of a vCon.
   * @returns false if there is no such node any more. @throws what keeps it from being erased
   */
  erase(node: string, uuid: string, handle: Handle): Promise<boolean>;
}

export interface RunningNode {
  id: string;
  type: string;
  name?: string;
  /** The id of its flow. */
  z?: string;
  wires?: string[][];
  /** Whether it makes copies of vCons elsewhere, which can be erased. */
  isDestination: boolean;
  [setting: string]: unknown;
}
