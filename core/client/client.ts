/** A client of the vCon API, and of a Python conserver as far as that has the same routes. */
import type { DeadLetter, QueueCounts, ReplayFrom } from "../delivery/queue.ts";
import type { AnyVcon, PartyQuery } from "../store/store.ts";
import type { TrailEvent } from "../trail/event.ts";
import type { Syntax } from "../vcon/older.ts";
import type { Analysis, Attachment } from "../vcon/types.ts";
import { writeVcon } from "../vcon/write.ts";
import { type ApiRequest, ask, newKey, type Sender } from "./request.ts";

export interface ClientOptions {
  /** With the API's path: "http://127.0.0.1:1880/api". */
  url: string;
  key?: string;
  /** The header for the key; "x-conserver-api-token" if not given. */
  keyHeader?: string;
  /** How often a request is made at most that may pass at another attempt; 4 if not given. */
  attempts?: number;
  /** Seconds that an answer may take to begin; 60 if not given. Node's own fetch waits for no more than 300. */
  timeLimit?: number;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
}

export interface FoundVcon {
  uuid: string;
  /** RFC 3339. */
  created_at: string;
}

export interface VconSearch extends PartyQuery {
  /** "name:value", or a bare name for any value; all of them. */
  tag?: readonly string[];
  /** Words that are said or written. */
  text?: string;
  /** Types of analyses; all of them. */
  analysis?: readonly string[];
  /** RFC 3339, inclusive. */
  since?: string;
  /** RFC 3339, inclusive. */
  until?: string;
}

/** A vCon with what it takes to change just this state of it. */
export interface WithEtag<Value> {
  value: Value;
  etag: string;
}

/** RFC 6902. */
export type PatchOperation =
  | { op: "add" | "replace" | "test"; path: string; value: unknown }
  | { op: "remove"; path: string }
  | { op: "move" | "copy"; from: string; path: string };

/**
 * What may be done twice without harm is asked for again where the failure may pass. Every method may throw
 * {@link VconApiError}.
 */
export class VconApiClient {
  readonly #sender: Sender;

  constructor({
    url,
    key,
    keyHeader = "x-conserver-api-token",
    attempts = 4,
    timeLimit = 60,
  }: ClientOptions) {
    this.#sender = {
      url: url.replace(/\/+$/, ""),
      headers: { "user-agent": "vcon-node-red", ...(key !== undefined && { [keyHeader]: key }) },
      attempts,
      timeLimit: timeLimit * 1000,
    };
  }

  /** Stores the vCon, in place of one of the same UUID, and puts it into the lists. Conserver, too. */
  async send(
    vcon: AnyVcon | (() => AsyncIterable<Uint8Array>),
    { lists = [], signal }: CallOptions & { lists?: readonly string[] } = {},
  ): Promise<void> {
    const body = typeof vcon === "function" ? vcon : writeVcon(vcon);
    const query = { ingress_lists: lists };
    // With lists a repeated request would put it there twice.
    const repeatable = lists.length === 0;
    await this.#done({ method: "POST", path: "/vcon", query, headers: JSON_TYPE, body, repeatable, signal });
  }

  /** The vCon, undefined if there is none. Conserver, too. */
  async get(
    uuid: string,
    { version, signal }: CallOptions & { version?: Syntax } = {},
  ): Promise<AnyVcon | undefined> {
    const path = `/vcon/${encodeURIComponent(uuid)}`;
    const query = { version };
    const request = { method: "GET", path, query, repeatable: true, mayBeMissing: true, signal } as const;
    return ask(this.#sender, request, jsonIfThere<AnyVcon>);
  }

  /** UUIDs, the newest first. Conserver, too. @param options.page from 1 on */
  list({
    page = 1,
    size = 50,
    since,
    until,
    signal,
  }: CallOptions & { page?: number; size?: number; since?: string; until?: string } = {}): Promise<string[]> {
    return this.#json({
      method: "GET",
      path: "/vcon",
      query: { page, size, since, until },
      repeatable: true,
      signal,
    });
  }

  /** Deletes it here and wherever the other side knows that it has been sent. Conserver, too. */
  async delete(uuid: string, { signal }: CallOptions = {}): Promise<void> {
    const path = `/vcon/${encodeURIComponent(uuid)}`;
    await this.#done({ method: "DELETE", path, repeatable: true, signal });
  }

  /** Puts vCons that are stored into a list. Conserver, too. */
  async enqueue(list: string, uuids: readonly string[], { signal }: CallOptions = {}): Promise<void> {
    const body = JSON.stringify(uuids);
    const query = { ingress_list: list };
    await this.#done({
      method: "POST",
      path: "/vcon/ingress",
      query,
      headers: JSON_TYPE,
      body,
      repeatable: false,
      signal,
    });
  }

  /** Takes the oldest out of a list for good. Conserver, too. */
  take(list: string, limit: number, { signal }: CallOptions = {}): Promise<string[]> {
    const query = { egress_list: list, limit };
    return this.#json({ method: "GET", path: "/vcon/egress", query, repeatable: false, signal });
  }

  /** How many wait in a list. Conserver, too. */
  async depth(list: string, { signal }: CallOptions = {}): Promise<number> {
    const query = { list_name: list };
    const request = { method: "GET", path: "/stats/queue", query, repeatable: true, signal } as const;
    return (await this.#json<{ depth: number }>(request)).depth;
  }

  /** Stores a vCon that is not there yet. @returns its ETag. @throws VconApiError 409 for one that differs */
  async create(
    vcon: AnyVcon,
    { queues = [], signal }: CallOptions & { queues?: readonly string[] } = {},
  ): Promise<string> {
    const query = { queue: queues };
    const body = writeVcon(vcon);
    const request = { method: "POST", path: "/v1/vcons", query, headers: VCON_TYPE, body, signal } as const;
    return this.#once(request, etagOf);
  }

  /** The vCon and its ETag, undefined if there is none. */
  async read(uuid: string, { signal }: CallOptions = {}): Promise<WithEtag<AnyVcon> | undefined> {
    const path = vconPath(uuid);
    const request = { method: "GET", path, repeatable: true, mayBeMissing: true, signal } as const;
    return ask(this.#sender, request, async (answer) => {
      const value = await jsonIfThere<AnyVcon>(answer);
      return value && { value, etag: await etagOf(answer) };
    });
  }

  /** Puts a vCon in the place of the one that has the ETag. @returns the new one's. @throws VconApiError 412 */
  async replace(uuid: string, vcon: AnyVcon, etag: string, { signal }: CallOptions = {}): Promise<string> {
    const headers = { ...VCON_TYPE, "if-match": etag };
    const body = writeVcon(vcon);
    // A second time it would find its own work, and take that for another's.
    const request = {
      method: "PUT",
      path: vconPath(uuid),
      headers,
      body,
      repeatable: false,
      signal,
    } as const;
    return ask(this.#sender, request, etagOf);
  }

  /** Changes the vCon that has the ETag. @returns the new one. @throws VconApiError 412 */
  async patch(
    uuid: string,
    operations: readonly PatchOperation[],
    etag: string,
    { signal }: CallOptions = {},
  ): Promise<string> {
    const headers = { "content-type": "application/json-patch+json", "if-match": etag };
    const body = JSON.stringify(operations);
    return this.#once({ method: "PATCH", path: vconPath(uuid), headers, body, signal }, etagOf);
  }

  /** Adds analyses to a vCon without sending it. @returns false if they were there already */
  addAnalysis(
    uuid: string,
    analysis: Analysis | readonly Analysis[],
    options: CallOptions = {},
  ): Promise<boolean> {
    return this.#add(`${vconPath(uuid)}/analysis`, analysis, options);
  }

  /** Adds attachments to a vCon without sending it. */
  addAttachment(
    uuid: string,
    attachment: Attachment | readonly Attachment[],
    options: CallOptions = {},
  ): Promise<boolean> {
    return this.#add(`${vconPath(uuid)}/attachments`, attachment, options);
  }

  /** What was found, page after page as it is needed. */
  async *search(query: VconSearch, { signal }: CallOptions = {}): AsyncGenerator<FoundVcon> {
    let cursor: string | undefined;
    do {
      const page: { vcons: FoundVcon[]; next?: string } = await this.#json({
        method: "GET",
        path: "/v1/vcons",
        query: { ...query, cursor },
        repeatable: true,
        signal,
      });
      yield* page.vcons;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  /** What has happened to a vCon, the oldest first. */
  trail(uuid: string, { signal }: CallOptions = {}): Promise<TrailEvent[]> {
    return this.#json({ method: "GET", path: `${vconPath(uuid)}/trail`, repeatable: true, signal });
  }

  /** The media of a dialog as it comes; to be read to its end or cancelled. @param range bytes, the end inclusive */
  async media(
    uuid: string,
    dialog: number,
    { range, signal }: CallOptions & { range?: { start: number; end?: number } } = {},
  ): Promise<{ mediatype: string; bytes: AsyncIterable<Uint8Array> }> {
    const headers = range && { range: `bytes=${range.start}-${range.end ?? ""}` };
    const path = mediaPath(uuid, dialog);
    const request = { method: "GET", path, ...(headers && { headers }), repeatable: true, signal } as const;
    return ask(this.#sender, request, async ({ body, headers: answered }) => ({
      mediatype: answered.get("content-type") ?? "",
      bytes: (body ?? []) as unknown as AsyncIterable<Uint8Array>,
    }));
  }

  /** Gives a dialog its media. @param open gives the same bytes each time */
  async setMedia(
    uuid: string,
    dialog: number,
    mediatype: string,
    open: () => AsyncIterable<Uint8Array>,
    { signal }: CallOptions = {},
  ): Promise<void> {
    const headers = { "content-type": mediatype };
    await this.#done({
      method: "PUT",
      path: mediaPath(uuid, dialog),
      headers,
      body: open,
      repeatable: true,
      signal,
    });
  }

  queue(name: string, { signal }: CallOptions = {}): Promise<QueueCounts> {
    return this.#json({ method: "GET", path: queuePath(name), repeatable: true, signal });
  }

  /** What a queue has given up on, the one that has been there longest first. */
  async deadLetters(
    name: string,
    { limit, offset, signal }: CallOptions & { limit?: number; offset?: number } = {},
  ): Promise<DeadLetter[]> {
    const path = `${queuePath(name)}/dead-letters`;
    const request = { method: "GET", path, query: { limit, offset }, repeatable: true, signal } as const;
    const { dead_letters: letters } = await this.#json<{ dead_letters: ToldLetter[] }>(request);
    return letters.map(letterTold);
  }

  /** Lets dead letters begin again. @returns how many */
  async replay(
    name: string,
    which: readonly string[] | "all",
    from: ReplayFrom,
    { signal }: CallOptions = {},
  ): Promise<number> {
    const path = `${queuePath(name)}/dead-letters/replay`;
    const body = JSON.stringify({ ids: which, from });
    const request = { method: "POST", path, headers: JSON_TYPE, body, signal } as const;
    return (await this.#once(request, jsonIn<{ replayed: number }>)).replayed;
  }

  async #add(path: string, elements: unknown, { signal }: CallOptions): Promise<boolean> {
    const body = JSON.stringify(elements);
    const request = { method: "POST", path, headers: JSON_TYPE, body, signal } as const;
    return this.#once(request, async (answer) => {
      await leave(answer);
      return answer.status === 201;
    });
  }

  /** A request that the other side knows by its key if it comes again. */
  #once<Value>(
    request: Omit<ApiRequest, "repeatable">,
    read: (answer: Response) => Promise<Value>,
  ): Promise<Value> {
    const headers = { ...request.headers, "idempotency-key": newKey() };
    return ask(this.#sender, { ...request, headers, repeatable: true }, read);
  }

  #json<Value>(request: ApiRequest): Promise<Value> {
    return ask(this.#sender, request, jsonIn<Value>);
  }

  #done(request: ApiRequest): Promise<void> {
    return ask(this.#sender, request, leave);
  }
}

/** As it comes over HTTP, where names are written as those of vCons are. */
type ToldLetter = Omit<DeadLetter, "addedAt" | "begunAt" | "failedAt"> &
  Record<"added_at" | "begun_at" | "failed_at", string>;

function letterTold({ added_at, begun_at, failed_at, ...letter }: ToldLetter): DeadLetter {
  return { ...letter, addedAt: added_at, begunAt: begun_at, failedAt: failed_at };
}

const JSON_TYPE = { "content-type": "application/json" };
const VCON_TYPE = { "content-type": "application/vcon+json" };

function vconPath(uuid: string): string {
  return `/v1/vcons/${encodeURIComponent(uuid)}`;
}

function mediaPath(uuid: string, dialog: number): string {
  return `${vconPath(uuid)}/dialog/${dialog}/media`;
}

function queuePath(name: string): string {
  return `/v1/queues/${encodeURIComponent(name)}`;
}

function jsonIn<Value>(answer: Response): Promise<Value> {
  return answer.json() as Promise<Value>;
}

async function jsonIfThere<Value>(answer: Response): Promise<Value | undefined> {
  if (answer.status !== 404) return jsonIn(answer);
  await leave(answer);
  return undefined;
}

async function etagOf(answer: Response): Promise<string> {
  await leave(answer);
  return answer.headers.get("etag") ?? "";
}

/** Lets the connection serve others. The status has said that it was done, whatever becomes of the rest. */
async function leave(answer: Response): Promise<void> {
  if (!answer.bodyUsed) await answer.text().catch(() => {});
}
