/** The names of all keys. Those of one vCon share a slot of a cluster: what is in braces decides it. */

/** By creation time: the members are keys of vCons, the scores seconds since 1970. The conserver's name. */
export const CREATION_INDEX = "vcons";
/** Which layout the vCons have. Not under `vcon:`, where a conserver takes every key for a vCon. */
export const LAYOUT_KEY = "vcon-store:layout";

const SOURCE_PREFIX = "vcon-source:";
const NOTE_PREFIX = "vcon-note:";

/** The vCon itself, under the conserver's name. */
export function vconKey(uuid: string): string {
  return `vcon:${uuid}`;
}

/** The events, oldest first, as a list of JSON texts. */
export function trailKey(uuid: string): string {
  return beside(uuid, "trail");
}

/**
 * The names of keys elsewhere in which this vCon is entered or that are its own, so that a delete drops them all:
 * a hash whose values are empty but for {@link CREATION_INDEX}, where it is the score.
 */
export function elsewhereKey(uuid: string): string {
  return beside(uuid, "elsewhere");
}

/** Who keeps the vCon from expiring, and what was left of its time. */
export function heldKey(uuid: string): string {
  return beside(uuid, "held");
}

/** A large body of the hash layout, as a string. */
export function bodyKey(uuid: string, id: string): string {
  return beside(uuid, `body:${id}`);
}

/** Whether {@link bodyKey} has given this key. */
export function isBodyKey(key: string): boolean {
  return /^\{vcon:[^}]*\}:body:/.test(key);
}

/** A name for the document of the JSON layout that has replaced the one before, to tell which one is there. */
export function replacementKey(uuid: string): string {
  return beside(uuid, "replacement");
}

/** A document of the JSON layout that is being written in several steps. */
export function stagedKey(uuid: string, id: string): string {
  return beside(uuid, `staged:${id}`);
}

/** The UUIDs of the vCons with such a party. The conserver's names for tel, mailto and name. */
export function partyKey(kind: string, value: string): string {
  return `${kind}:${value}`;
}

/** The UUID of the vCon that is made of this source. */
export function sourceKey(source: string): string {
  return `${SOURCE_PREFIX}${source}`;
}

/** A text that is kept for a while and belongs to no vCon. */
export function noteKey(key: string): string {
  return `${NOTE_PREFIX}${key}`;
}

/** Whether a key elsewhere belongs to one vCon alone: it lies beside it or is its source. */
export function isOwnKey(key: string): boolean {
  return key.startsWith("{vcon:") || key.startsWith(SOURCE_PREFIX);
}

function beside(uuid: string, what: string): string {
  return `{vcon:${uuid}}:${what}`;
}
