/** What the two layouts of vCons in Redis have in common, and how the one to use is found. */
import { changed, changedSince, noDialog, notFound, sealed, VconError } from "../../errors.ts";
import type { TrailEvent } from "../../trail/event.ts";
import type { Addition, AnyVcon, IncomingMedia } from "../store.ts";
import { type FoundParts, type Part, SECTIONS, type Section, wantedTypes } from "../view.ts";
import type { Argument, Connection, Script } from "./connection.ts";
import type { IndexEntry } from "./indexes.ts";
import { LAYOUT_KEY, vconKey } from "./keys.ts";

/** The part of {@link VconStore} that depends on how a vCon lies in Redis. */
export interface Layout {
  create(vcon: AnyVcon, entry: IndexEntry, event?: TrailEvent): Promise<boolean>;
  read(uuid: string, parts: readonly Part[]): Promise<FoundParts>;
  get(uuid: string): Promise<AnyVcon>;
  append(uuid: string, addition: Addition, events: readonly TrailEvent[]): Promise<boolean>;
  replace(replacement: Replacement): Promise<boolean>;
  setMedia(change: MediaChange): Promise<void>;
  /** Deletes a vCon of one revision, as `deleteAtRevision` describes it. */
  readonly deleteAtRevision: Script;
}

/** A document that is to take the place of the one that is there. */
export interface Replacement {
  vcon: AnyVcon;
  /** Where it is to be entered besides. */
  entry: IndexEntry;
  /** That of the document that is there. */
  revision: string;
  /** The large bodies that this document has in keys of their own. */
  oldBodies: string[];
  events: readonly TrailEvent[];
}

/** Media that a dialog is to have. */
export interface MediaChange {
  uuid: string;
  dialog: number;
  media: IncomingMedia;
  /** That the vCon has to have, if it has to have a certain one. */
  revision: string | undefined;
  events: readonly TrailEvent[];
}

export type LayoutName = "json" | "hash";

/** What is written ahead of its vCon goes away after so long if the process that wrote it died. */
export const STAGED_SECONDS = 60 * 60;
/**
 * Texts of unknown length are written in pieces of so many bytes. Redis allots what it adds to a text generously: in
 * small pieces one of 600 kB would take 1 MB.
 */
export const STAGED_PIECE_BYTES = 4 * 1024 * 1024;

/**
 * "json" if the server knows JSON documents, else "hash". The first store on a server pins it.
 * @throws VconError `STORE_MISMATCH` if the vCons have the other one
 */
export async function findLayout(connection: Connection): Promise<LayoutName> {
  const [knowsJson, pinned] = await Promise.all([
    connection.call((client) => client.call("COMMAND", "INFO", "JSON.SET") as Promise<unknown[]>),
    connection.call((client) => client.get(LAYOUT_KEY)),
  ]);
  const name = knowsJson[0] ? "json" : "hash";
  if (pinned === name) return name;
  if (pinned !== null) throw mismatch(pinned);
  await connection.call((client) => client.setnx(LAYOUT_KEY, name));
  return findLayout(connection);
}

function mismatch(pinned: string): VconError {
  const what: Record<string, string> = {
    json: "The vCons in this Redis are JSON documents, but it knows no JSON now: load its JSON module again",
    hash: "The vCons in this Redis are hashes, written before it knew JSON documents: start it without its JSON module",
  };
  return new VconError(
    "STORE_MISMATCH",
    `${what[pinned] ?? "The vCons in this Redis were written by another version of this package: use that one"}, or name an empty Redis or another database number in the store's URL.`,
  );
}

/** Asked before large bodies are written that a vCon of the same UUID would make useless. */
export async function isThere(connection: Connection, uuid: string): Promise<boolean> {
  return (await connection.call((client) => client.exists(vconKey(uuid)))) === 1;
}

/** One thing asked of a vCon; no types mean all elements. */
export interface Ask {
  part: "head" | "parties" | Section;
  types: string[];
}

function asksFor(parts: readonly Part[]): Ask[] {
  const asks: Ask[] = [];
  for (const part of ["head", "parties"] as const) if (parts.includes(part)) asks.push({ part, types: [] });
  for (const part of SECTIONS) {
    const wanted = wantedTypes(parts, part);
    if (wanted !== undefined) asks.push({ part, types: wanted === "all" ? [] : [...wanted] });
  }
  return asks;
}

/** The arguments of a script that reads. */
export function readArguments(parts: readonly Part[]): Argument[] {
  return asksFor(parts).flatMap(({ part, types }) => [part, ...list(types)]);
}

/** What such a script answers: the form, the revision if "sealed" was asked for, and an answer to each ask. */
export type ReadAnswer = [form: string, ...answers: unknown[]];

export function foundParts(
  uuid: string,
  parts: readonly Part[],
  [form, ...answers]: ReadAnswer,
  found: (ask: Ask, answer: unknown) => unknown,
): FoundParts {
  const takesSealed = parts.includes("sealed");
  if (form === "missing" || !takesSealed) guardForm(uuid, form);
  const revision = takesSealed ? { revision: answers.shift() as string } : {};
  if (form !== "unsigned") return { ...revision, sealed: JSON.parse(answers[0] as string) };
  const entries = asksFor(parts).map((ask, i) => [ask.part, found(ask, answers[i])]);
  return { ...revision, ...Object.fromEntries(entries) };
}

/** A list as scripts take it: how many, then each. */
export function list(values: readonly Argument[]): Argument[] {
  return [values.length, ...values];
}

/** The revision that a vCon has to have, as scripts take it that guard it. */
export function expecting(revision: string | undefined): Argument[] {
  return list(revision === undefined ? [] : [revision]);
}

/**
 * Writes a text ahead of its vCon, as its pieces come; nothing is left of one that fails.
 * @returns its length
 */
export async function stageText(
  connection: Connection,
  uuid: string,
  key: string,
  pieces: AsyncIterable<Buffer>,
): Promise<number> {
  let size = 0;
  try {
    for await (const piece of pieces) {
      size += piece.length;
      const [length] = await connection.call((client) =>
        Promise.all([client.append(key, piece), client.expire(key, STAGED_SECONDS)]),
      );
      if (length !== size) throw tooSlow(uuid);
    }
    return size;
  } catch (error) {
    await dropStaged(connection, key);
    throw error;
  }
}

/** If it can't be done now, the key expires in a while. */
export async function dropStaged(connection: Connection, key: string): Promise<void> {
  await connection.call((client) => client.unlink(key)).catch(() => {});
}

/** Why a large body is not where it was. */
export async function whyGone(connection: Connection, uuid: string): Promise<VconError> {
  return (await isThere(connection, uuid)) ? changed(uuid) : notFound(uuid);
}

/** The answer of a script that begins with the form of the vCon, or "missing". */
function guardForm(uuid: string, form: string): void {
  if (form === "missing") throw notFound(uuid);
  if (form === "signed" || form === "encrypted") throw sealed(uuid, form);
}

/** Throws what a script says that has added nothing. */
export function guardAddition(uuid: string, answer: string): void {
  if (answer === "changed") throw changedSince(uuid);
  if (answer === "expired") throw tooSlow(uuid);
  guardForm(uuid, answer);
}

/** Likewise of one that sets the media of a dialog. */
export function guardMedia({ uuid, dialog }: MediaChange, answer: string): void {
  if (answer === "no dialog") throw noDialog(uuid, dialog);
  guardAddition(uuid, answer);
}

/** What the script that replaces answers. */
export function wasReplaced(uuid: string, answer: string): boolean {
  if (answer === "missing") throw notFound(uuid);
  if (answer === "expired") throw tooSlow(uuid);
  return answer === "replaced";
}

/** What was staged has expired, because writing all of it took longer than {@link STAGED_SECONDS}. */
export function tooSlow(uuid: string): VconError {
  return new VconError(
    "STORE_UNAVAILABLE",
    `Writing the large bodies of vCon ${uuid} took more than ${STAGED_SECONDS} seconds.`,
    { transient: true },
  );
}
