/** A vCon as a hash of its parts, for a Redis that knows no JSON. Its fields are listed in hash-scripts.ts. */
import { randomUUID } from "node:crypto";
import { notFound } from "../../errors.ts";
import type { TrailEvent } from "../../trail/event.ts";
import type { Form } from "../../vcon/form.ts";
import { formatTag, tagsAttachment } from "../../vcon/tags.ts";
import { bytesOf, type EncodedBody, LargeBody } from "../body.ts";
import { identityOf } from "../identity.ts";
import { incomingText, withMedia } from "../incoming-media.ts";
import {
  currentHead,
  type ElementPart,
  putTogether,
  type TakenApart,
  takeApart,
  toPart,
  withBody,
  withoutArrays,
} from "../parts.ts";
import { readAgain } from "../read-again.ts";
import { newRevision } from "../revision.ts";
import type { Addition, AnyVcon } from "../store.ts";
import { type FoundParts, type Part, SECTIONS, type Section } from "../view.ts";
import { WHOLE_PARTS } from "../whole.ts";
import type { Argument, Connection } from "./connection.ts";
import {
  APPEND,
  APPEND_AT_REVISION,
  CREATE,
  DELETE_AT_REVISION,
  READ,
  READ_SEALED,
  REPLACE,
  SET_MEDIA,
} from "./hash-scripts.ts";
import type { IndexEntry } from "./indexes.ts";
import { bodyKey, elsewhereKey, heldKey, trailKey, vconKey } from "./keys.ts";
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

/** Large bodies are written and read in pieces of so many bytes. */
const PIECE_BYTES = 256 * 1024;

type HeadAnswer = [head: string, extensions: string | null, updatedAt: string | null];
type ElementAnswer = [position: number, json: string, body: string | null, tags: string | null];

/** What the hash has of a dialog: its JSON and, if its body is large, the reference to it, else "". */
type DialogFields = [json: string, body: string];

/** A large body that lies in its key, waiting for its element. */
interface StagedBody {
  key: string;
  /** What the element says of it, as {@link referenceTo} writes it. */
  reference: string;
}

export class HashLayout implements Layout {
  readonly deleteAtRevision = DELETE_AT_REVISION;
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async create(vcon: AnyVcon, entry: IndexEntry, event?: TrailEvent): Promise<boolean> {
    const { uuid, form, createdAt, names, keys } = entry;
    const apart = takeApart(vcon);
    const { elements } = apart;
    const isLarge = elements.some(({ large }) => large !== undefined);
    if (isLarge && (await isThere(this.#connection, uuid))) return false;
    const bodies = await this.#stageBodies(uuid, elements);
    const bodyKeys = keysOf(bodies);
    const answer = await this.#connection.run<string>(
      CREATE,
      [...ownKeys(uuid), ...bodyKeys, ...keys],
      [
        uuid,
        createdAt,
        ...list(names),
        ownKeys(uuid).length + bodyKeys.length + 1,
        event ? JSON.stringify(event) : "",
        ...list(fieldsOf(form, apart)),
        ...elementArguments(elements, bodies),
      ],
    );
    if (answer === "expired") throw tooSlow(uuid);
    return answer === "created";
  }

  async read(uuid: string, parts: readonly Part[]): Promise<FoundParts> {
    const answer = await this.#read(uuid, parts);
    return foundParts(uuid, parts, answer, ({ part }, found) => this.#found(uuid, part, found));
  }

  get(uuid: string): Promise<AnyVcon> {
    return readAgain(() => this.#whole(uuid));
  }

  async #whole(uuid: string): Promise<AnyVcon> {
    const [form, , ...answers] = await this.#read(uuid, WHOLE_PARTS);
    if (form === "missing") throw notFound(uuid);
    if (form !== "unsigned") return JSON.parse(answers[0] as string);
    const [head, parties, ...elementsOf] = answers as [HeadAnswer, string | null, ...ElementAnswer[][]];
    const elements: { section: Section; value: unknown }[] = [];
    for (const [i, section] of SECTIONS.entries()) {
      for (const answer of elementsOf[i]!) {
        const body = this.#bodyOf(uuid, answer);
        const value = withBody(answer[1], body instanceof LargeBody ? await body.value() : body);
        elements.push({ section, value });
      }
    }
    return putTogether(headOf(head), parties ?? undefined, elements);
  }

  async append(uuid: string, addition: Addition, events: readonly TrailEvent[]): Promise<boolean> {
    const { analysis = [], seen = 0, attachments = [], extensions = [], revision } = addition;
    const tags = (addition.tags ?? []).map(formatTag);
    const now = new Date().toISOString();
    const elements = [
      ...analysis.map((element) => toPart("analysis", element)),
      ...attachments.map((element) => toPart("attachments", element)),
    ];
    const bodies = await this.#stageBodies(uuid, elements);
    const answer = await this.#connection.run<string>(
      revision === undefined ? APPEND : APPEND_AT_REVISION,
      [...ownKeys(uuid), ...keysOf(bodies)],
      [
        ...(revision === undefined ? [] : expecting(revision)),
        now,
        newRevision(),
        seen,
        ...elementArguments(elements, bodies),
        ...list(tags),
        ...list(tags.map((tag) => JSON.stringify(tag))),
        withoutBody(tagsAttachment([], now)),
        ...list(extensions),
        ...list(extensions.map((name) => JSON.stringify(name))),
        ...list(events.map(({ event }) => event)),
        ...list(events.map((event) => JSON.stringify(event))),
      ],
    );
    if (answer === "added") return true;
    if (answer === "nothing") return false;
    await this.#drop(bodies);
    guardAddition(uuid, answer);
    return false;
  }

  async replace({ vcon, entry, revision, oldBodies, events }: Replacement): Promise<boolean> {
    const { uuid, form, names, keys } = entry;
    const apart = takeApart(vcon);
    const bodies = await this.#stageBodies(uuid, apart.elements);
    const first = [...ownKeys(uuid), ...keysOf(bodies)];
    const answer = await this.#connection.run<string>(
      REPLACE,
      [...first, ...oldBodies, ...keys],
      [
        uuid,
        revision,
        ...list(names),
        first.length + 1,
        first.length + oldBodies.length + 1,
        ...list(fieldsOf(form, apart)),
        ...elementArguments(apart.elements, bodies),
        ...list(events.map((event) => JSON.stringify(event))),
      ],
    );
    return wasReplaced(uuid, answer);
  }

  async setMedia(change: MediaChange): Promise<void> {
    const { uuid, media } = change;
    const id = randomUUID();
    const key = bodyKey(uuid, id);
    // Nothing is written as long as something else was there before: so the first call looks.
    let before = await this.#setMedia(change, key, ["", ""], ["", ""]);
    const text = await incomingText(media.bytes, STAGED_PIECE_BYTES);
    const isSmall = typeof text === "string";
    const body = isSmall ? "" : referenceTo("text", await stageText(this.#connection, uuid, key, text), id);
    while (before !== undefined) {
      const dialog = withMedia(JSON.parse(before[0]), media, isSmall ? text : undefined);
      before = await this.#setMedia(change, key, before, [JSON.stringify(dialog), body]);
    }
  }

  /** @returns what the dialog is, with nothing written, if it is not what it was before */
  async #setMedia(
    change: MediaChange,
    newBody: string,
    before: DialogFields,
    after: DialogFields,
  ): Promise<DialogFields | undefined> {
    const { uuid, dialog, revision, events } = change;
    const oldBody = before[1] === "" ? [] : [bodyKey(uuid, readReference(before[1]).id)];
    const answer = await this.#connection.run<string | ["other", ...DialogFields]>(
      SET_MEDIA,
      [vconKey(uuid), trailKey(uuid), elsewhereKey(uuid), newBody, ...oldBody],
      [
        ...expecting(revision),
        dialog,
        ...before,
        ...after,
        new Date().toISOString(),
        newRevision(),
        ...list(events.map((event) => JSON.stringify(event))),
      ],
    );
    if (typeof answer !== "string") return [answer[1], answer[2]];
    if (answer === "set") return;
    if (after[1] !== "") await dropStaged(this.#connection, newBody);
    guardMedia(change, answer);
  }

  #read(uuid: string, parts: readonly Part[]): Promise<ReadAnswer> {
    const script = parts.includes("sealed") ? READ_SEALED : READ;
    return this.#connection.run(script, [vconKey(uuid)], readArguments(parts));
  }

  #found(uuid: string, part: Ask["part"], answer: unknown): unknown {
    if (part === "head") return withoutArrays(headOf(answer as HeadAnswer));
    if (part === "parties") return JSON.parse((answer as string | null) ?? "[]");
    const elements = (answer as ElementAnswer[]).map((element): [number, unknown] => [
      Number(element[0]),
      withBody(element[1], this.#bodyOf(uuid, element)),
    ]);
    return new Map(elements.sort(([one], [other]) => one - other));
  }

  /** The body that does not stand with its element: a large one, or the list of tags. */
  #bodyOf(uuid: string, [, , reference, tags]: ElementAnswer): unknown {
    if (tags !== null) return JSON.parse(`[${tags}]`);
    if (reference === null) return;
    const { kind, size, id } = readReference(reference);
    return new LargeBody(size, kind, (start, end) => this.#pieces(uuid, id, start, end));
  }

  async *#pieces(uuid: string, id: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    const key = bodyKey(uuid, id);
    for (let at = start; at < end; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - at);
      const piece = await this.#connection.call((client) => client.getrangeBuffer(key, at, at + length - 1));
      if (piece.length < length) throw await whyGone(this.#connection, uuid);
      yield piece;
    }
  }

  /** Writes the large bodies ahead of their elements, a piece at a time so that nothing else has to wait. */
  async #stageBodies(uuid: string, elements: readonly ElementPart[]): Promise<(StagedBody | undefined)[]> {
    const bodies: (StagedBody | undefined)[] = [];
    for (const { large } of elements) bodies.push(large && (await this.#stageBody(uuid, large)));
    return bodies;
  }

  async #stageBody(uuid: string, body: EncodedBody): Promise<StagedBody> {
    const { kind, size } = body;
    const id = randomUUID();
    const key = bodyKey(uuid, id);
    const bytes = bytesOf(body);
    // The last piece first: Redis then allots the memory once and exactly.
    for (let start = lastPieceOf(size); start >= 0; start -= PIECE_BYTES) {
      const piece = bytes(start, Math.min(start + PIECE_BYTES, size));
      await this.#connection.call((client) =>
        Promise.all([client.setrange(key, start, piece), client.expire(key, STAGED_SECONDS)]),
      );
    }
    return { key, reference: referenceTo(kind, size, id) };
  }

  async #drop(bodies: readonly (StagedBody | undefined)[]): Promise<void> {
    const keys = keysOf(bodies);
    if (keys.length > 0) await this.#connection.call((client) => client.unlink(keys));
  }
}

/** The fields of a vCon besides those of its elements, and their values. */
function fieldsOf(form: Form, { head, parties }: TakenApart): string[] {
  const fields = ["form", form, "revision", newRevision(), "head", head];
  return parties === undefined ? fields : [...fields, "parties", parties];
}

/** What stands in the hash of a large body: kind, size and id. */
function referenceTo(kind: LargeBody["kind"], size: number, id: string): string {
  return `${kind} ${size} ${id}`;
}

function readReference(reference: string): { kind: LargeBody["kind"]; size: number; id: string } {
  const [kind, size, id] = reference.split(" ") as [LargeBody["kind"], string, string];
  return { kind, size: Number(size), id };
}

/** The keys that every script on one vCon touches. */
function ownKeys(uuid: string): string[] {
  return [vconKey(uuid), trailKey(uuid), elsewhereKey(uuid), heldKey(uuid)];
}

function keysOf(bodies: readonly (StagedBody | undefined)[]): string[] {
  return bodies.flatMap((body) => (body === undefined ? [] : [body.key]));
}

function lastPieceOf(size: number): number {
  return Math.floor((size - 1) / PIECE_BYTES) * PIECE_BYTES;
}

function headOf([head, extensions, updatedAt]: HeadAnswer): string {
  return currentHead(head, extensions && `[${extensions}]`, updatedAt);
}

/** The elements as scripts take them; their bodies' keys follow those of {@link ownKeys}. */
function elementArguments(
  elements: readonly ElementPart[],
  bodies: readonly (StagedBody | undefined)[],
): Argument[] {
  const values: Argument[] = [elements.length];
  let lastKey = 4;
  elements.forEach((element, i) => {
    const body = bodies[i];
    const { section, type, json } = element;
    const tags = tagsOf(element);
    const identity = section === "analysis" ? identityOf(JSON.parse(json) ?? {}) : "";
    values.push(section, type, tags ? withoutBody(JSON.parse(json)) : json, identity);
    values.push(body?.reference ?? "", body ? ++lastKey : 0);
    values.push(tags ? "yes" : "no", tags ? JSON.stringify(tags).slice(1, -1) : "");
    values.push(...list((tags ?? []).filter((tag) => typeof tag === "string")));
  });
  return values;
}

/** The tags in an attachment that takes new ones: one for tags whose body is a list, and no large one. */
function tagsOf({ section, type, json, large }: ElementPart): unknown[] | undefined {
  if (section !== "attachments" || type !== "tags" || large !== undefined) return;
  const { body } = JSON.parse(json);
  return Array.isArray(body) ? body : undefined;
}

function withoutBody({ body: _body, ...rest }: object & { body?: unknown }): string {
  return JSON.stringify(rest);
}
