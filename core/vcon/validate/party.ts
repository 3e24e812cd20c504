/** Checks of a Party Object (core-04 section 4.2). */
import { normaliseMailto } from "../parties.ts";
import type { JsonObject } from "../types.ts";
import { type Check, core, type Fault, type Members, object, pointerTo, text, textThat } from "./check.ts";
import { EXTENSION_MEMBERS, rulesOfExtensions } from "./extensions.ts";
import { otherMembers, RENAMED } from "./other-members.ts";
import { matching, suggestion } from "./values.ts";

/** A number that begins with +, or a local one with its phone-context; both with parameters (RFC 3966). */
const TEL =
  /^(?:tel:)?(?:\+[().-]*\d[\d().-]*|[\da-f*#().-]+(?:;[^\s;]+)*;phone-context=[^\s;]+)(?:;[^\s;]+)*$/i;
const SIP = /^sips?:[^\s@]+(?:@[^\s@]+)?$/i;
const JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const DID = /^did:[a-z\d]+:(?:[\w.:-]|%[\da-f]{2})+(?:[/?#]\S*)?$/i;
const GML_POS = /^[+-]?\d+(?:\.\d+)?(?:\s+[+-]?\d+(?:\.\d+)?){1,2}$/;

const CIVIC_NAMES = "country a1 a2 a3 a4 a5 a6 prd pod sts hno hns lmk loc flr nam pc".split(" ");
const CIVIC_MEMBERS: Members = Object.fromEntries(CIVIC_NAMES.map((name) => [name, core.may("4.2.9", text)]));

const MEMBERS: Members = {
  tel: core.may(
    "4.2.1",
    matching(
      TEL,
      "warning",
      "tel",
      "A tel URL belongs here: a number that begins with +, or a local one with its phone-context.",
    ),
  ),
  sip: core.may("4.2.2", matching(SIP, "warning", "sip", "A SIP URL belongs here.")),
  stir: core.may(
    "4.2.3",
    matching(JWS, "error", "stir", "A PASSporT as a compact JWS belongs here: three parts of base64url."),
  ),
  mailto: core.may(
    "4.2.4",
    textThat(
      (value) => normaliseMailto(value) !== undefined,
      "warning",
      "mailto",
      "An e-mail address belongs here.",
    ),
  ),
  name: core.may("4.2.5", text),
  did: core.may("4.2.6", matching(DID, "error", "did", "A DID belongs here.")),
  validation: core.may("4.2.7", text),
  gmlpos: core.may(
    "4.2.8",
    matching(
      GML_POS,
      "warning",
      "gmlpos",
      "A latitude and a longitude belong here, with a blank between them.",
    ),
  ),
  civicaddress: core.may("4.2.9", object(CIVIC_MEMBERS, civicNames)),
  uuid: core.may("4.2.10", text),
  type: core.may("4.2.11", suggestion("person", "bot", "organization")),
  org: core.may("4.2.12", text),
  dept: core.may("4.2.13", text),
  ...EXTENSION_MEMBERS.parties,
};

export const party: Check = object(
  MEMBERS,
  validatedName,
  rulesOfExtensions("parties"),
  otherMembers(MEMBERS, RENAMED.party),
);

/** A name comes with how it was validated, unless the party is not to be known ("anonymous"). */
function* validatedName({ name, validation }: JsonObject): Iterable<Fault> {
  if (typeof name !== "string" || name === "" || name === "anonymous" || validation !== undefined) return;
  yield core.recommended("4.2.7", "validation");
}

/** The names that they come from are in capitals. */
function* civicNames(members: JsonObject): Iterable<Fault> {
  for (const name of Object.keys(members)) {
    if (CIVIC_NAMES.includes(name)) continue;
    if (CIVIC_NAMES.includes(name.toLowerCase())) yield core.fault("4.2.9", ...CAPITALS, pointerTo(name));
    else yield core.fault("4.2.9", ...NOT_CIVIC, pointerTo(name));
  }
}

const CAPITALS = ["error", "civicCase", "The names in a civic address must be in lower case."] as const;
const NOT_CIVIC = ["info", "unknownMember", "The draft has no such name in a civic address."] as const;
