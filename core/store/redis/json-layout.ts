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
import { newRevision } from "../revision.ts";
import type { Addition, AnyVcon } from "../store.ts";
import { type FoundParts, type Part, SECTIONS, type Section, typeOf } from "../view.ts";
import type { Connection } from "./connection.ts";
import type { IndexEntry } from "./indexes.ts";
import { APPEND, CONVERT_TAGS, CREATE, READ, READ_SEALED, REPLACE } from "./json-scripts.ts";
import { elsewhereKey, heldKey, replacementKey, stagedKey, trailKey, vconKey } from "./keys.ts";
import {
  type Ask,
  foundParts,
  guardForm,
  isThere,
  type Layout,
  list,
  type ReadAnswer,
  type Replacement,
  readArguments,
  STAGED_SECONDS,
  tooSlow,
  wasReplaced,
  whyGone,
} from "./layout.ts";

/** A stream hands out so many bytes at a time. */
const PIECE_BYTES = 256 * 1024;
/** How deep a document may nest before the module refuses it: `json.max-path-limit` of valkey-json. */
const MAX_NESTING = 128;

/** An element as READ answers it: its JSON, or what it says of a large body, then names and JSON of the other members. */
type ElementAnswer = string | [type: string, size: number, document: string, ...members: string[]];
type SectionAnswer = string | (number | ElementAnswer)[];

/** A large body and where in the document it belongs. */
interface PlacedBody {
  path: string;
  json: string;
}

export class JsonLayout implements Layout {
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
    const json = await this.#json(uuid, ".");
    if (json === null) throw notFound(uuid);
    return JSON.parse(json);
  }

  async append(uuid: string, addition: Addition, events: readonly TrailEvent[]): Promise<boolean> {
    const { analysis = [], seen = 0, attachments = [], extensions = [] } = addition;
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
    const [answer, ...details] = await this.#connection.run<[string, ...unknown[]]>(
      APPEND,
      [vconKey(uuid), trailKey(uuid)],
      values,
    );
    if (answer === "convert") {
      await this.#convertTags(uuid, details as [number, string]);
      return this.append(uuid, addition, events);
    }
    if (answer === "malformed") throw malformed(uuid, `"${details[0]}" is not an array.`);
    guardForm(uuid, answer);
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

  async #convertTags(uuid: string, [position, json]: [number, string]): Promise<void> {
    const body = JSON.parse(json);
    const texts = tagTexts(typeof body === "string" ? (parseStructure(body) ?? (body || null)) : body);
    await this.#connection.run(CONVERT_TAGS, [vconKey(uuid)], [position, json, JSON.stringify(texts)]);
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
    const path = `$.${section}[${position}].body`;
    const body = new LargeBody(size, kind, () => this.#pieces(uuid, path, kind, document));
    return { ...JSON.parse(objectOf(members)), body };
  }

  /** @param document the name of the one that the body is in: in another, another body may be at the path */
  async *#pieces(
    uuid: string,
    path: string,
    kind: LargeBody["kind"],
    document: string,
  ): AsyncGenerator<Uint8Array> {
    const answers = await this.#json(uuid, path);
    const now = await this.#connection.call((client) => client.get(replacementKey(uuid)));
    if (answers === null || answers === "[]" || (now ?? "") !== document) {
      throw await whyGone(this.#connection, uuid);
    }
    yield* inPieces(Buffer.from(kind === "text" ? JSON.parse(answers)[0] : answers.slice(1, -1)));
  }

  #json(uuid: string, path: string): Promise<string | null> {
    return this.#connection.call(
      (client) => client.call("JSON.GET", vconKey(uuid), path) as Promise<string | null>,
    );
  }
}

/** A key costs time, and most steps read no section: only there are bodies that may be large. */
function keysToRead(uuid: string, parts: readonly Part[]): string[] {
  const isWithout = parts.every((part) => part === "head" || part === "parties");
  return isWithout ? [vconKey(uuid)] : [vconKey(uuid), replacementKey(uuid)];
}

/** The module gives a value in one piece only, which is handed on in smaller ones. */
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
  return { ...element, body: new LargeBody(size, kind, () => inPieces(Buffer.from(text))) };
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
