/** Takes a vCon apart into what stores keep separately, and puts it together again. */
import { VconError } from "../errors.ts";
import { type Form, formOf } from "../vcon/form.ts";
import { isObject } from "../vcon/json.ts";
import { outerUuid } from "../vcon/outer-uuid.ts";
import type { EncryptedVcon, JsonValue, SignedVcon, Vcon } from "../vcon/types.ts";
import { findUuid } from "../vcon/uuid.ts";
import { type EncodedBody, encodeLargeBody } from "./body.ts";
import type { AnyVcon } from "./store.ts";
import { type Head, SECTIONS, type Section, typeOf } from "./view.ts";

const ARRAYS = ["parties", ...SECTIONS];

/** One element of a section: its JSON, without the body where that is large. */
export interface ElementPart {
  section: Section;
  type: string;
  json: string;
  large: EncodedBody | undefined;
}

export interface TakenApart {
  /** JSON of all members; the arrays that the vCon has stand in it empty, to tell them from missing ones. */
  head: string;
  /** JSON of the parties, or undefined where the vCon has none. */
  parties: string | undefined;
  elements: ElementPart[];
}

/** What a store has to know of any vCon before it takes it. */
export interface Identified {
  uuid: string;
  form: Form;
  /** Milliseconds since 1970; now, if the vCon does not say. */
  createdAt: number;
  /** Of a signed or encrypted vCon none are known. */
  parties: readonly unknown[];
}

/**
 * @throws VconError `VCON_MALFORMED` for a vCon without a UUID, or whose arrays are no arrays; as {@link outerUuid} does
 */
export function identify(vcon: AnyVcon): Identified {
  const form = formOf(vcon);
  const uuid = form === "unsigned" ? findUuid(vcon["uuid"]) : outerUuid(vcon as SignedVcon | EncryptedVcon);
  if (uuid === undefined) throw withoutUuid(form);
  if (form === "unsigned") for (const member of ARRAYS) checkArray(uuid, vcon, member);
  const parties = form === "unsigned" ? ((vcon as Vcon).parties ?? []) : [];
  return { uuid, form, createdAt: creationTime(vcon["created_at"]) ?? Date.now(), parties };
}

/** In milliseconds since 1970, undefined if what stands in a vCon is no time. */
export function creationTime(createdAt: unknown): number | undefined {
  return Date.parse(String(createdAt)) || undefined;
}

/** Like {@link identify}, of a document that is to replace the vCon of this UUID. */
export function identifyAs(uuid: string, vcon: AnyVcon): Identified {
  const identified = identify(vcon);
  if (identified.uuid === uuid) return identified;
  throw new VconError(
    "VCON_MALFORMED",
    `vCon ${uuid} can't be replaced by a document with another UUID: store that one as a vCon of its own.`,
  );
}

function withoutUuid(form: Form): VconError {
  const advice =
    form === "encrypted"
      ? ` Only its recipients can read what is in it, so its header "unprotected" has to tell the UUID (core-04 section 5.3).`
      : "";
  return new VconError("VCON_MALFORMED", `This ${form} vCon has no valid UUID.${advice}`);
}

function checkArray(uuid: string, vcon: AnyVcon, member: string): void {
  if (!Object.hasOwn(vcon, member) || Array.isArray(vcon[member])) return;
  throw new VconError("VCON_MALFORMED", `vCon ${uuid}: "${member}" is not an array.`);
}

/** Takes apart a vCon that {@link identify} has found right. */
export function takeApart(vcon: AnyVcon): TakenApart {
  if (formOf(vcon) !== "unsigned") return { head: JSON.stringify(vcon), parties: undefined, elements: [] };
  const head: Record<string, unknown> = { ...vcon };
  const elements: ElementPart[] = [];
  for (const section of SECTIONS) {
    for (const element of emptied(head, section)) elements.push(toPart(section, element));
  }
  const parties = Object.hasOwn(head, "parties") ? JSON.stringify(emptied(head, "parties")) : undefined;
  return { head: JSON.stringify(head), parties, elements };
}

/** Takes an array out of the head, leaving an empty one. */
function emptied(head: Record<string, unknown>, member: string): unknown[] {
  if (!Object.hasOwn(head, member)) return [];
  const array = head[member] as unknown[];
  head[member] = [];
  return array;
}

export function toPart(section: Section, element: unknown): ElementPart {
  const type = typeOf(section, element);
  const large = isObject(element) ? encodeLargeBody(element["body"] as JsonValue | undefined) : undefined;
  if (large === undefined) return { section, type, json: JSON.stringify(element), large };
  const { body: _body, ...rest } = element as Record<string, unknown>;
  return { section, type, json: JSON.stringify(rest), large };
}

/** The element with its body, which is a value or a handle on one. */
export function withBody(json: string, body: unknown): never {
  const element = JSON.parse(json);
  if (body !== undefined) element.body = body;
  return element as never;
}

/** The reverse of {@link takeApart} for an unsigned vCon. */
export function putTogether(
  head: string,
  parties: string | undefined,
  elements: Iterable<{ section: Section; value: unknown }>,
): Vcon {
  const vcon = JSON.parse(head);
  if (parties !== undefined) vcon.parties = JSON.parse(parties);
  for (const { section, value } of elements) {
    if (!Object.hasOwn(vcon, section)) vcon[section] = [];
    vcon[section].push(value);
  }
  return vcon;
}

/**
 * The head with what changed after the creation.
 * @param extensions JSON of the list of names added since, if there are any
 */
export function currentHead(head: string, extensions: string | null, updatedAt: string | null): string {
  if (extensions === null && updatedAt === null) return head;
  const vcon = JSON.parse(head);
  if (extensions !== null) {
    vcon.extensions = [...new Set([...(vcon.extensions ?? []), ...JSON.parse(extensions)])];
  }
  if (updatedAt !== null) vcon.updated_at = updatedAt;
  return JSON.stringify(vcon);
}

/** What is read as "head": all members but the parties and the arrays of elements. */
export function withoutArrays(head: string): Head {
  const vcon = JSON.parse(head);
  for (const member of ARRAYS) delete vcon[member];
  return vcon;
}
