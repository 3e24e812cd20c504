/** Checks of the signed form, a JWS, and of the encrypted form, a JWE, without opening them (core-04 section 5). */
import { isObject } from "../json.ts";
import { readProtectedHeader } from "../security/headers.ts";
import type { JsonObject } from "../types.ts";
import {
  type Check,
  core,
  type Draft,
  draft,
  type Fault,
  inTurn,
  listOfSome,
  type Member,
  NONE,
  object,
  objectsIn,
  type Place,
  pointerTo,
  type Rule,
  textThat,
} from "./check.ts";
import { base64url, httpsUrl, matching, suggestion, uuid } from "./values.ts";

/** A header, and the pointer to it; what the protected one holds can't be pointed at. */
type Header = [at: string, members: JsonObject];

const PROTECTED = "/protected";

const jws = draft("RFC 7515");
const jwe = draft("RFC 7516");

const BASE64 = /^[A-Za-z\d+/]+={0,2}$/;

const protectedHeader = textThat(
  (value) => readProtectedHeader(value) !== undefined,
  "error",
  "protectedHeader",
  "A JSON object in base64url belongs here.",
);
const certificate = matching(
  BASE64,
  "error",
  "certificate",
  "A certificate belongs here: DER in base64, which is not base64url.",
);

// Signed

const signatureHeader = object(
  {
    x5c: core.may("5.2.2", listOfSome(certificate)),
    x5u: core.may("5.2.2", httpsUrl),
    uuid: core.should("5.2.2", uuid),
  },
  certificates,
);

const signature = object(
  {
    header: core.must("5.2.1", signatureHeader),
    protected: core.must("5.2.1", protectedHeader),
    signature: core.must("5.2.1", base64url),
  },
  signatureAlgorithm,
);

export const signed: Check = object(
  { payload: core.must("5.2", base64url), signatures: core.must("5.2", listOfSome(signature)) },
  besides(
    ["payload", "signatures"],
    "5.2",
    "unsigned",
    "What stands beside `payload` and `signatures` is not signed.",
  ),
);

function* certificates({ x5c, x5u }: JsonObject): Iterable<Fault> {
  if (x5c !== undefined || x5u !== undefined) return;
  const message = "The signer's certificates must be here, or an `x5u` that leads to them.";
  yield core.fault("5.2.2", "error", "certificates", message, "/x5c");
}

const signatureAlg = core.must(
  "5.2.2",
  inTurn(
    textThat((value) => value !== "none", "error", "notSigned", "The algorithm none signs nothing."),
    suggestion("RS256"),
  ),
);

function* signatureAlgorithm(members: JsonObject, ...place: Place): Iterable<Fault> {
  const integrity = protectedPart(members);
  if (integrity === undefined) return;
  const header: Header = ["/header", objectOrNone(members.header)];
  yield* overlap(header, [integrity], jws);
  yield* algorithm("alg", [integrity, header], signatureAlg, ...place);
}

// Encrypted

const recipient = object({
  header: core.may("5.3.2", object({})),
  encrypted_key: core.may("5.3.2", base64url),
});

const unprotected = object({
  cty: core.should("5.3.1", suggestion("application/vcon", "application/vcon+gzip")),
  uuid: core.should("5.3.1", uuid),
});

export const encrypted: Check = object(
  {
    protected: core.may("5.3", protectedHeader),
    unprotected: core.should("5.3", unprotected),
    recipients: core.must("5.3", listOfSome(recipient)),
    iv: core.must("5.3", base64url),
    ciphertext: core.must("5.3", base64url),
    tag: core.must("5.3", base64url),
  },
  encryptionAlgorithms,
  besides(
    ["protected", "unprotected", "recipients", "iv", "aad", "ciphertext", "tag"],
    "5.3",
    "unencrypted",
    "What stands beside the members of the JWE is not encrypted.",
  ),
);

const enc = core.must("5.3.1", suggestion("A256CBC-HS512"));
const keyAlg = core.must("5.3.3", suggestion("RSA-OAEP"));

function* encryptionAlgorithms(members: JsonObject, ...place: Place): Iterable<Fault> {
  const integrity = protectedPart(members);
  if (integrity === undefined) return;
  const shared: Header[] = [integrity, ["/unprotected", objectOrNone(members.unprotected)]];
  yield* overlap(shared[1]!, [integrity], jwe);
  yield* algorithm("enc", shared, enc, ...place);
  for (const [index, { header }] of objectsIn(members.recipients)) {
    const own: Header = [`/recipients/${index}/header`, objectOrNone(header)];
    yield* overlap(own, shared, jwe);
    yield* algorithm("alg", [...shared, own], keyAlg, ...place);
  }
}

// Headers of either form

function protectedPart(members: JsonObject): Header | undefined {
  const header = readProtectedHeader(members.protected);
  return header && [PROTECTED, header];
}

function objectOrNone(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** No name may stand in two headers. */
function* overlap([at, members]: Header, others: readonly Header[], draft: Draft): Iterable<Fault> {
  for (const name of Object.keys(members)) {
    if (!others.some(([, other]) => Object.hasOwn(other, name))) continue;
    const message = "No header may have a name that another one has: many readers refuse that.";
    yield draft.fault("7.2.1", "error", "disjointHeaders", message, `${at}${pointerTo(name)}`);
  }
}

/** One of the headers names the algorithm. */
function* algorithm(
  name: string,
  headers: readonly Header[],
  { section, missing, check }: Member,
  ...place: Place
): Iterable<Fault> {
  const [at, members] = headers.findLast(([, header]) => header[name] !== undefined) ?? headers.at(-1)!;
  const value = members[name];
  for (const wrong of value === undefined ? missing : check(value, ...place)) {
    yield { ...wrong, section, at: at === PROTECTED ? at : `${at}/${name}` };
  }
}

/** Speaks of other members than `names` once. */
function besides(names: readonly string[], section: string, rule: string, message: string): Rule {
  const wrong = core.fault(section, "warning", rule, message);
  return (members) => (Object.keys(members).every((name) => names.includes(name)) ? NONE : [wrong]);
}
