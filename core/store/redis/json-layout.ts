/** A vCon as one JSON document in the standard format, as a conserver reads and writes it. */
import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { notFound, VconError } from "../../errors.ts";
import type { TrailEvent } from "../../trail/event.ts";
import { isObject, nestsDeeperThan, parseStructure } from "../../vcon/json.ts";
import { formatTag, tagsAttachment, tagTexts } from "../../vcon/tags.ts";
import type { JsonObject } from "../../vcon/types.ts";
import { encodeLargeBody, LARGE_BODY_BYTES, LargeBody } from "../body.ts";
import { identityOf } from "../identity.ts";
import { incomingText, MEDIA_MEMBERS, mediaMembers } from "../incoming-media.ts";
import { newRevision } from "../revision.ts";
import type { Addition, AnyVcon } from "../store.ts";
import { type FoundParts, type Part, SECTIONS, type Section, typeOf } from "../view.ts";
import type { Connection } from "./connection.ts";
import type { IndexEntry } from "./indexes.ts";
import {
  APPEND,
  APPEND_AT_REVISION,
  CONVERT_TAGS,
  CREATE,
  DELETE_AT_REVISION,
  READ,
  READ_BODY,
  READ_SEALED,
  REPLACE,
  SET_MEDIA,
} from "./json-scripts.ts";
import { elsewhereKey, heldKey, replacementKey, stagedKey, trailKey, vconKey } from "./keys.ts";
import {
  type Ask,
  dropStaged,
  expecting,
  foundParts,
  guardAddition,
  guardMedia,
  isThere,
  type Layout,
  list,
  type MediaChange,
  type ReadAnswer,
  type Replacement,
  readArguments,
  STAGED_PIECE_BYTES,
  STAGED_SECONDS,
  stageText,
  tooSlow,
  wasReplaced,
  whyGone,
} from "./layout.ts";

/** A stream hands out so many bytes at a time. */
const PIECE_BYTES = 256 * 1024;
/** It asks Redis for so many, and so many are in memory. */
const WINDOW_BYTES = 4 * 1024 * 1024;
/** What a stream has put aside goes away after so long if nobody came for it. */
const ASIDE_SECONDS = 60;
/** How deep a document may nest before the module refuses it: `json.max-path-limit` of valkey-json. */
const MAX_NESTING = 128;

/** An element as READ answers it: its JSON, or what it says of a large body, then names and JSON of the other members. */
type ElementAnswer = string | [type: string, size: number, document: string, ...members: string[]];
type SectionAnswer = string | (number | ElementAnswer)[];
/** One word or several. */
type AppendAnswer = string | [string, ...unknown[]];

/** A large body as it was read, by which it is found again. */
interface ReadBody {
  path: string;
  kind: LargeBody["kind"];
  size: number;
  /** The name of the document that it is in: in another, another body may be at the path. */
  document: string;
}

/** A large body and where in the document it belongs. */
interface PlacedBody {
  path: string;
  json: string;
}

export class JsonLayout implements Layout {
  readonly deleteAtRevision = DELETE_AT_REVISION;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async create(vcon: AnyVcon, entry: IndexEntry, event?: TrailEvent): Promise<boolean> {
    const { uuid, createdAt, names, keys } = entry;
    const { json, bodies } = toDocument(entry, vcon);
    if (bodies.length > 0 && (await isThere(this.#connection, uuid))) return false;
    const staged = stagedKey(uuid, randomUUID());
    const document = await this.#stage(staged, json, bodies);
    const answer = await this.#connection.run<string>(
      CREATE,
      [vconKey(uuid), trailKey(uuid), elsewhereKey(uuid), staged, heldKey(uuid), ...keys],
      [uuid, createdAt, ...list(names), event ? JSON.stringify(event) : "", document],
    );
    if (answer === "expired") throw tooSlow(uuid);
    return answer === "created";
  }

  async read(uuid: string, parts: readonly Part[]): Promise<FoundParts> {
    const script = parts.includes("sealed") ? READ_SEALED : READ;
    const answer = await this.#connection.run<ReadAnswer>(
      script,
      keysToRead(uuid, parts),
      readArguments(parts),
    );
    return foundParts(uuid, parts, answer, (ask, found) => this.#found(uuid, ask, found));
  }

  async get(uuid: string): Promise<AnyVcon> {
    const json = await this.#connection.call(
      (client) => client.call("JSON.GET", vconKey(uuid), ".") as Promise<string | null>,
    );
    if (json === null) throw notFound(uuid);
    return JSON.parse(json);
  }

  async append(uuid: string, addition: Addition, events: readonly TrailEvent[]): Promise<boolean> {
    const { analysis = [], seen = 0, attachments = [], extensions = [], revision } = addition;
    const tags = (addition.tags ?? []).map(formatTag);
    const now = new Date().toISOString();
    const added = [jsonOf(analysis), jsonOf(attachments), jsonOf(tags), jsonOf(extensions)] as const;
    const [analysisJson, attachmentsJson, tagsJson, extensionsJson] = added;
    checkAcceptable(uuid, { analysis, attachments }, added.flat());
    const values = [
      JSON.stringify(now),
      seen,
      ...list(analysis.map(identityOf)),
      ...list(analysisJson),
      ...list(attachmentsJson),
      ...list(tags),
      ...list(tagsJson),
      JSON.stringify(tagsAttachment([], now)),
      ...list(extensions),
      ...list(extensionsJson),
      ...list(events.map(({ event }) => event)),
      ...list(jsonOf(events)),
    ];
    const answered =
      revision === undefined
        ? await this.#connection.run<AppendAnswer>(APPEND, [vconKey(uuid), trailKey(uuid)], values)
        : await this.#connection.run<AppendAnswer>(
            APPEND_AT_REVISION,
            [vconKey(uuid), trailKey(uuid), replacementKey(uuid)],
            [...expecting(revision), ...values],
          );
    const [answer, ...details] = [answered].flat();
    if (answer === "convert") {
      const converted = await this.#convertTags(uuid, details as [number, string], revision);
      return this.append(uuid, { ...addition, ...converted }, events);
    }
    if (answer === "malformed") throw malformed(uuid, `"${details[0]}" is not an array.`);
    guardAddition(uuid, answer as string);
    return answer === "added";
  }

  async replace({ vcon, entry, revision, events }: Replacement): Promise<boolean> {
    const { uuid, names, keys } = entry;
    const { json, bodies } = toDocument(entry, vcon);
    const staged = stagedKey(uuid, randomUUID());
    const document = await this.#stage(staged, json, bodies);
    const answer = await this.#connection.run<string>(
      REPLACE,
      [vconKey(uuid), trailKey(uuid), elsewhereKey(uuid), staged, replacementKey(uuid), ...keys],
      [uuid, revision, newRevision(), ...list(names), document, ...list(jsonOf(events))],
    );
    return wasReplaced(uuid, answer);
  }

  /**
   * Writes a document with large bodies in several steps, so that no single one makes everything else wait for long.
   * @returns the JSON for the script that makes it the vCon: "" if all of it is at `key`
   */
  async #stage(key: string, json: string, bodies: readonly PlacedBody[]): Promise<string> {
    if (bodies.length === 0) return json;
    await this.#connection.call((client) =>
      Promise.all([client.call("JSON.SET", key, "$", json), client.expire(key, STAGED_SECONDS)]),
    );
    for (const body of bodies) {
      await this.#connection.call((client) => client.call("JSON.SET", key, body.path, body.json));
    }
    return "";
  }

  async setMedia(change: MediaChange): Promise<void> {
    const { uuid, media } = change;
    const staged = stagedKey(uuid, randomUUID());
    await this.#setMedia(change, staged, "look");
    const text = await incomingText(media.bytes, STAGED_PIECE_BYTES);
    if (typeof text === "string") return this.#setMedia(change, staged, "inline", text);
    await stageText(this.#connection, uuid, staged, text);
    try {
      await this.#setMedia(change, staged, "staged");
    } finally {
      await dropStaged(this.#connection, staged);
    }
  }

  async #setMedia(
    change: MediaChange,
    staged: string,
    how: "look" | "inline" | "staged",
    text = "",
  ): Promise<void> {
    const { uuid, dialog, media, revision, events } = change;
    const members = mediaMembers(media);
    const answer = await this.#connection.run<string>(
      SET_MEDIA,
      [vconKey(uuid), trailKey(uuid), elsewhereKey(uuid), staged, replacementKey(uuid)],
      [
        ...expecting(revision),
        dialog,
        how,
        text,
        JSON.stringify(new Date().toISOString()),
        newRevision(),
        ...list(MEDIA_MEMBERS.filter((member) => member !== "body" && !Object.hasOwn(members, member))),
        ...list(Object.keys(members)),
        ...list(jsonOf(Object.values(members))),
        ...list(jsonOf(events)),
      ],
    );
    guardMedia(change, answer);
  }

  /** @returns the revision that it has then, if it had to have one */
  async #convertTags(
    uuid: string,
    [position, json]: [number, string],
    revision: string | undefined,
  ): Promise<Pick<Addition, "revision">> {
    const body = JSON.parse(json);
    const texts = tagTexts(typeof body === "string" ? (parseStructure(body) ?? (body || null)) : body);
    const answer = await this.#connection.run<string | null>(
      CONVERT_TAGS,
      [vconKey(uuid), replacementKey(uuid)],
      [...expecting(revision), position, json, JSON.stringify(texts)],
    );
    if (answer === null) return {};
    guardAddition(uuid, answer);
    return { revision: answer };
  }

  #found(uuid: string, { part, types }: Ask, answer: unknown): unknown {
    if (part === "head") return JSON.parse(objectOf(answer as string[]));
    if (part === "parties") return arrayIn(answer as string);
    const elements = this.#elements(uuid, part, answer as SectionAnswer);
    return new Map(
      types.length === 0 ? elements : elements.filter(([, element]) => types.includes(typeOf(part, element))),
    );
  }

  #elements(uuid: string, section: Section, answer: SectionAnswer): [number, unknown][] {
    if (typeof answer === "string") {
      return arrayIn(answer).map((element, i) => [i, held(element, answer.length)]);
    }
    const elements: [number, unknown][] = [];
    for (let i = 0; i < answer.length; i += 2) {
      const position = answer[i] as number;
      elements.push([position, this.#element(uuid, section, position, answer[i + 1] as ElementAnswer)]);
    }
    return elements;
  }

  #element(uuid: string, section: Section, position: number, answer: ElementAnswer): unknown {
    if (typeof answer === "string") return held(JSON.parse(answer), answer.length);
    const [type, size, document, ...members] = answer;
    const kind = type === "string" ? "text" : "json";
    const read = { path: `$.${section}[${position}].body`, kind, size, document } as const;
    const body = new LargeBody(size, kind, (start, end) => this.#pieces(uuid, read, start, end));
    return { ...JSON.parse(objectOf(members)), body };
  }

  async *#pieces(uuid: string, body: ReadBody, start: number, end: number): AsyncGenerator<Uint8Array> {
    const aside = stagedKey(uuid, randomUUID());
    let asideAt = end;
    try {
      for (let at = start; at < end; ) {
        let window = await this.#fromAside(aside, at - asideAt);
        if (window.length === 0) {
          window = await this.#fromDocument(uuid, body, at, end, aside);
          asideAt = at + window.length;
        }
        at += window.length;
        yield* inPieces(window);
      }
    } finally {
      if (asideAt < end) await dropStaged(this.#connection, aside);
    }
  }

  /** @returns nothing if nothing is there */
  async #fromAside(aside: string, start: number): Promise<Buffer> {
    if (start < 0) return Buffer.alloc(0);
    return this.#connection.call((client) => client.getrangeBuffer(aside, start, start + WINDOW_BYTES - 1));
  }

  /** The first of the bytes; the others are put aside. */
  async #fromDocument(
    uuid: string,
    { path, kind, document, size }: ReadBody,
    start: number,
    end: number,
    aside: string,
  ): Promise<Buffer> {
    const window = await this.#connection.runForBytes<Buffer | null>(
      READ_BODY,
      [vconKey(uuid), replacementKey(uuid), aside],
      [path, kind, document, size, start, end, WINDOW_BYTES, ASIDE_SECONDS],
    );
    if (window === null) throw await whyGone(this.#connection, uuid);
    return window;
  }
}

/** A key costs time, and most steps read no section: only there are bodies that may be large. */
function keysToRead(uuid: string, parts: readonly Part[]): string[] {
  const isWithout = parts.every((part) => part === "head" || part === "parties");
  return isWithout ? [vconKey(uuid)] : [vconKey(uuid), replacementKey(uuid)];
}

/** What Redis gives in one piece is handed on in smaller ones. */
async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    yield bytes.subarray(start, start + PIECE_BYTES);
    await nextTurn();
  }
}

/** The element with a handle, should its body be large after all: the module's count of memory may fall short. */
function held(element: unknown, jsonLength: number): unknown {
  if (jsonLength * 3 <= LARGE_BODY_BYTES || !isObject(element)) return element;
  const large = encodeLargeBody(element.body);
  if (large === undefined) return element;
  const { size, kind, text } = large;
  const body = new LargeBody(size, kind, (start, end) => inPieces(Buffer.from(text).subarray(start, end)));
  return { ...element, body };
}

/** What Python wrote may hold null in place of an array. */
function arrayIn(json: string): unknown[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value : [];
}

/** @throws VconError `VCON_MALFORMED` for what the module does not take */
function toDocument({ uuid, form }: IndexEntry, vcon: AnyVcon): { json: string; bodies: PlacedBody[] } {
  const { document, bodies } = form === "unsigned" ? setBodiesAside(vcon) : { document: vcon, bodies: [] };
  const json = JSON.stringify(document);
  checkAcceptable(uuid, vcon, [json, ...bodies.map((body) => body.json)]);
  return { json, bodies };
}

/** The vCon with an empty text for each large body, and these bodies with their places. */
function setBodiesAside(vcon: AnyVcon): { document: AnyVcon; bodies: PlacedBody[] } {
  const document: AnyVcon = { ...vcon };
  const bodies: PlacedBody[] = [];
  for (const section of SECTIONS) {
    const elements = vcon[section] as (JsonObject | null)[] | undefined;
    document[section] = elements?.map((element, position) => {
      const large = encodeLargeBody(element?.body);
      if (large === undefined) return element;
      const json = large.kind === "text" ? JSON.stringify(large.text) : large.text;
      bodies.push({ path: `$.${section}[${position}].body`, json });
      return { ...element, body: "" };
    });
  }
  return { document, bodies };
}

/**
 * What the module would refuse half-way is refused before: texts that have no UTF-8, and too deep nesting.
 * @throws VconError `VCON_MALFORMED`
 */
function checkAcceptable(uuid: string, value: unknown, texts: readonly string[]): void {
  if (texts.some(hasLoneSurrogate)) {
    throw malformed(uuid, "A text in it holds half of a surrogate pair, which Redis can't keep as JSON.");
  }
  if (nestsDeeperThan(MAX_NESTING, value)) {
    throw malformed(uuid, `It nests deeper than the ${MAX_NESTING} levels that Redis keeps as JSON.`);
  }
}

/** JSON.stringify escapes a surrogate only if it stands alone. */
function hasLoneSurrogate(json: string): boolean {
  return json.includes("\\ud") && /(?<!\\)(?:\\\\)*\\ud[89a-f]/.test(json);
}

function jsonOf(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value));
}

/** The JSON of an object of which names and the JSON of their values are given in turn. */
function objectOf(members: readonly string[]): string {
  const pairs: string[] = [];
  for (let i = 0; i < members.length; i += 2) {
    pairs.push(`${JSON.stringify(members[i])}:${members[i + 1]}`);
  }
  return `{${pairs.join(",")}}`;
}

function malformed(uuid: string, what: string): VconError {
  return new VconError("VCON_MALFORMED", `vCon ${uuid}: ${what}`);
}
