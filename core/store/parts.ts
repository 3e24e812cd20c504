/** Takes a vCon apart into what stores keep separately, and puts it together again. */
import { VconError } from "../errors.ts";
import { type Form, formOf, outerUuid } from "../vcon/form.ts";
import type { JsonValue, Vcon } from "../vcon/types.ts";
import { findUuid } from "../vcon/uuid.ts";
import { type EncodedBody, encodeLargeBody } from "./body.ts";
import type { AnyVcon } from "./store.ts";
import { SECTIONS, type Section, typeOf } from "./view.ts";

/** One element of a section: its JSON, without the body where that is large. */
export interface ElementPart {
  section: Section;
  type: string;
  json: string;
  large: EncodedBody | undefined;
}

export interface TakenApart {
  uuid: string;
  form: Form;
  /** JSON of all members; the arrays that the vCon has stand in it empty, to tell them from missing ones. */
  head: string;
  /** JSON of the parties, or undefined where the vCon has none. */
  parties: string | undefined;
  elements: ElementPart[];
}

export function takeApart(vcon: AnyVcon): TakenApart {
  const form = formOf(vcon);
  const uuid = findUuid(
    form === "unsigned" || vcon["uuid"] !== undefined ? vcon["uuid"] : outerUuid(vcon as never),
  );
  if (uuid === undefined) throw new VconError("VCON_MALFORMED", `This ${form} vCon has no valid UUID.`);
  if (form !== "unsigned") {
    return { uuid, form, head: JSON.stringify(vcon), parties: undefined, elements: [] };
  }
  const head: Record<string, unknown> = { ...vcon };
  const elements: ElementPart[] = [];
  for (const section of SECTIONS) {
    for (const element of arrayMember(uuid, head, section)) elements.push(toPart(section, element));
  }
  const parties = "parties" in head ? JSON.stringify(arrayMember(uuid, head, "parties")) : undefined;
  return { uuid, form, head: JSON.stringify(head), parties, elements };
}

/** Takes an array out of the head, leaving an empty one. */
function arrayMember(uuid: string, head: Record<string, unknown>, member: string): unknown[] {
  if (!Object.hasOwn(head, member)) return [];
  const array = head[member];
  if (!Array.isArray(array))
    throw new VconError("VCON_MALFORMED", `vCon ${uuid}: "${member}" is not an array.`);
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
