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
import type { Addition, AnyVcon } from "../store.ts";
import { type FoundParts, type Part, SECTIONS, type Section, typeOf } from "../view.ts";
import type { Connection } from "./connection.ts";
import type { IndexEntry } from "./indexes.ts";
import { APPEND, CONVERT_TAGS, CREATE, READ } from "./json-scripts.ts";
import { elsewhereKey, stagedKey, trailKey, vconKey } from "./keys.ts";
import {
  type Ask,
  askArguments,
  asksFor,
  guardForm,
  isThere,
  type Layout,
  list,
  STAGED_SECONDS,
  tooSlow,
} from "./layout.ts";

/** A stream hands out so many bytes at a time. */
const PIECE_BYTES = 256 * 1024;
/** How deep a document may nest before the module refuses it: `json.max-path-limit` of valkey-json. */
const MAX_NESTING = 128;

/** An element as READ answers it: its JSON, or type and size of its large body, then names and JSON of the rest. */
type ElementAnswer = string | [kind: string, size: number, ...members: string[]];
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
    const { uuid, form, createdAt, names, keys } = entry;
    const { document, bodies } = form === "unsigned" ? setBodiesAside(vcon) : { document: vcon, bodies: [] };
    const json = JSON.stringify(document);
    checkAcceptable(uuid, vcon, [json, ...bodies.map((body) => body.json)]);
    const staged = stagedKey(uuid, randomUUID());
    const isStaged = bodies.length > 0;
    if (isStaged) {
      if (await isThere(this.#connection, uuid)) return false;
      await this.#stage(staged, json, bodies);
    }
    const answer = await this.#connection.run<string>(
      CREATE,
      [vconKey(uuid), trailKey(uuid), elsewhereKey(uuid), staged, ...keys],
      [uuid, createdAt, ...list(names), event ? JSON.stringify(event) : "", isStaged ? "" : json],
    );
    if (answer === "expired") throw tooSlow(uuid);
    return answer === "created";
  }

  async read(uuid: string, parts: readonly Part[]): Promise<FoundParts> {
    const asks = asksFor(parts);
    const [form, ...answers] = await this.#connection.run<[string, ...unknown[]]>(
      READ,
      [vconKey(uuid)],
      askArguments(asks),
    );
    guardForm(uuid, form);
    return Object.fromEntries(asks.map((ask, i) => [ask.part, this.#found(uuid, ask, answers[i])]));
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

  /** Writes the document in several steps, so that no single one makes everything else wait for long. */
  async #stage(key: string, json: string, bodies: readonly PlacedBody[]): Promise<void> {
    await this.#connection.call((client) =>
      Promise.all([client.call("JSON.SET", key, "$", json), client.expire(key, STAGED_SECONDS)]),
    );
    for (const body of bodies) {
      await this.#connection.call((client) => client.call("JSON.SET", key, body.path, body.json));
    }
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
      return arrayIn(answer).map((element, i) => [i, this.#held(uuid, section, i, element, answer.length)]);
    }
    const elements: [number, unknown][] = [];
    for (let i = 0; i < answer.length; i += 2) {
      const position = answer[i] as number;
      elements.push([position, this.#element(uuid, section, position, answer[i + 1] as ElementAnswer)]);
    }
    return elements;
  }

  #element(uuid: string, section: Section, position: number, answer: ElementAnswer): unknown {
    if (typeof answer === "string") {
      return this.#held(uuid, section, position, JSON.parse(answer), answer.length);
    }
    const [kind, size, ...members] = answer;
    const body = this.#largeBody(uuid, section, position, kind === "string" ? "text" : "json", size);
    return { ...JSON.parse(objectOf(members)), body };
  }

  /** The element with a handle, should its body be large after all: the module's count of memory may fall short. */
  #held(uuid: string, section: Section, position: number, element: unknown, jsonLength: number): unknown {
    if (jsonLength * 3 <= LARGE_BODY_BYTES || !isObject(element)) return element;
    const large = encodeLargeBody(element.body);
    if (large === undefined) return element;
    return { ...element, body: this.#largeBody(uuid, section, position, large.kind, large.size) };
  }

  #largeBody(
    uuid: string,
    section: Section,
    position: number,
    kind: LargeBody["kind"],
    size: number,
  ): LargeBody {
    return new LargeBody(size, kind, () => this.#pieces(uuid, `$.${section}[${position}].body`, kind));
  }

  /** The module gives a value in one piece only, which is handed on in smaller ones. */
  async *#pieces(uuid: string, path: string, kind: LargeBody["kind"]): AsyncGenerator<Uint8Array> {
    const answers = await this.#json(uuid, path);
    if (answers === null || answers === "[]") throw notFound(uuid);
    const bytes = Buffer.from(kind === "text" ? JSON.parse(answers)[0] : answers.slice(1, -1));
    for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
      yield bytes.subarray(start, start + PIECE_BYTES);
      await nextTurn();
    }
  }

  #json(uuid: string, path: string): Promise<string | null> {
    return this.#connection.call(
      (client) => client.call("JSON.GET", vconKey(uuid), path) as Promise<string | null>,
    );
  }
}

/** What Python wrote may hold null in place of an array. */
function arrayIn(json: string): unknown[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value : [];
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
