/**
 * The lawful basis extension (draft-howe-vcon-lawful-basis-02): on what ground, for what purpose and until when a
 * conversation may be processed, and whether it may.
 */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { addAttachment, addExtension } from "../build.ts";
import { readDate } from "../dates.ts";
import { elementsOf, isObject } from "../json.ts";
import type { Attachment, Index, JsonObject, JsonValue, Vcon } from "../types.ts";
import { isListOfObjects, structureIn } from "./structure.ts";

/** The extension's name in `extensions`, and the purpose of its attachments. */
export const LAWFUL_BASIS_EXTENSION = "lawful_basis";

/** The grounds that the GDPR knows (section 3). */
export const LAWFUL_BASES = [
  "consent",
  "contract",
  "legal_obligation",
  "vital_interests",
  "public_task",
  "legitimate_interests",
] as const;

/** The most that clocks may differ, in seconds (section 6.2). */
const MAX_CLOCK_SKEW = 300;

/** The purpose of the attachments of draft-howe-vcon-consent-00, which this extension replaces. */
const CONSENT_PURPOSE = "consent";

/** By the extension's names. Node's crypto has no blake2b-256. */
const HASHES = new Map([
  ["sha-256", "sha256"],
  ["sha-3-256", "sha3-256"],
]);

// These are types, not interfaces, so that they are JSON values to the compiler.

/** The body of a lawful basis attachment (section 5.2). */
export type LawfulBasisBody = {
  lawful_basis: (typeof LAWFUL_BASES)[number];
  /** RFC 3339; null for no end. */
  expiration: string | null;
  purpose_grants: PurposeGrant[];
  terms_of_service?: string;
  /** How often it is to be looked up anew, such as "30d". */
  status_interval?: string;
  /** Over the body without this member; not the `content_hash` of core-04. */
  content_hash?: { algorithm: string; canonicalization: string; value: string };
  registry?: { type: string; url: string };
  proof_mechanisms?: ProofMechanism[];
  metadata?: { [member: string]: JsonValue };
};

export type PurposeGrant = {
  /** Such as "recording", "transcription", "analysis". */
  purpose: string;
  granted: boolean;
  /** RFC 3339. */
  granted_at: string;
  conditions?: string[];
};

export type ProofMechanism = {
  proof_type:
    | "verbal_confirmation"
    | "signed_document"
    | "cryptographic_signature"
    | "external_system"
    | (string & {});
  /** RFC 3339. */
  timestamp: string;
  proof_data: { [member: string]: JsonValue };
};

/** What {@link lawfulBasisAttachment} is made of. */
export interface LawfulBasisParts {
  body: LawfulBasisBody;
  /** Whose data it is about; 0 where it is about no one in particular. */
  party?: Index;
  /** What it is about; 0 where it is about no dialog in particular. */
  dialog?: Index;
  /** RFC 3339; when it was recorded, now unless said otherwise. */
  start?: string;
  /** Puts a content hash into the body. */
  hash?: "sha-256" | "sha-3-256";
}

/** The draft's names of errors (section 8). ProofVerificationError is not among them: proofs lie outside the vCon. */
export type LawfulBasisError =
  | "LawfulBasisMissingError"
  | "LawfulBasisExpiredError"
  | "PermissionDeniedError"
  | "ReferenceValidationError"
  | "ContentHashMismatchError"
  | "UnsupportedHashAlgorithmError"
  | "UnsupportedCanonicalizationError";

/** Why processing is refused. */
export interface Refusal {
  error: LawfulBasisError;
  /** The attachment that says so; absent where there is none at all. */
  attachment?: Index;
}

export type Permission =
  | {
      allowed: true;
      /** Under which conditions, in the words of who granted it; whoever processes has to keep to them. */
      conditions: string[];
      /** The attachments that grant it. */
      attachments: Index[];
    }
  | { allowed: false; reasons: Refusal[] };

/** One attachment's word on a purpose. */
type Verdict = Refusal | { grants: Index; conditions: string[] };

/** What only says that this attachment grants nothing; every other error stands in the way of all grants. */
const WITHOUT_EFFECT: LawfulBasisError[] = ["LawfulBasisMissingError", "LawfulBasisExpiredError"];

/** The attachment that states a lawful basis (section 5.1). */
export function lawfulBasisAttachment({
  body,
  party = 0,
  dialog = 0,
  start,
  hash,
}: LawfulBasisParts): Attachment {
  return {
    purpose: LAWFUL_BASIS_EXTENSION,
    start: start ?? new Date().toISOString(),
    party,
    dialog,
    mediatype: "application/json",
    encoding: "json",
    body: hash ? withHash(body, hash) : body,
  };
}

/** Adds {@link lawfulBasisAttachment}, lists the extension, and gives back the attachment's index. */
export function addLawfulBasis(vcon: Vcon, parts: LawfulBasisParts): Index {
  addExtension(vcon, LAWFUL_BASIS_EXTENSION);
  return addAttachment(vcon, lawfulBasisAttachment(parts));
}

/**
 * The lawful basis that an attachment states; undefined if it states none that can be read. Read are the body as the
 * value or as JSON in a text, attachments that say `type` for `purpose` (-00, -01), and consents of
 * draft-howe-vcon-consent-00, whose members stand on the attachment itself. A grant of which only `true` is granted;
 * conditions may be one text.
 */
export function readLawfulBasis(attachment: Attachment): LawfulBasisBody | undefined {
  const body = bodyIn(attachment);
  if (!body || !isBasis(body.lawful_basis)) return;
  if (body.expiration !== null && readDate(body.expiration) === undefined) return;
  return {
    ...body,
    lawful_basis: body.lawful_basis,
    expiration: body.expiration === null ? null : readDate(body.expiration)!,
    purpose_grants: grantsIn(body),
  } as LawfulBasisBody;
}

/**
 * The body of a lawful basis that grants and denies what the attachment's does, without proofs, metadata, terms and
 * registry; undefined if it has none. A hash that fits is left out too, and one that doesn't stays, so that
 * {@link checkPermission} allows nothing more of it.
 */
export function withoutProofs(attachment: Attachment): JsonObject | undefined {
  const body = bodyIn(attachment);
  if (!body) return;
  const { lawful_basis, expiration, content_hash } = body;
  return {
    ...(isBasis(lawful_basis) && { lawful_basis }),
    ...((expiration === null || readDate(expiration)) && { expiration }),
    purpose_grants: grantsIn(body).map(({ purpose, granted, granted_at, conditions }) => ({
      purpose,
      granted,
      ...(granted_at !== undefined && { granted_at }),
      ...(conditions && { conditions }),
    })),
    ...(checkHash(body) && { content_hash }),
  };
}

/** Whether the attachment is meant to state a lawful basis, readable or not. */
export function isLawfulBasis({ purpose, type }: Attachment): boolean {
  return [LAWFUL_BASIS_EXTENSION, CONSENT_PURPOSE].includes((purpose ?? type) as string);
}

/**
 * Whether the vCon may be processed for the purpose, as section 6 of the draft has it judged: every attachment that
 * speaks of it counts, the most restrictive one wins, and where nothing grants it, it is refused.
 *
 * - A hash that doesn't fit or can't be checked refuses every purpose, since nobody knows what was changed.
 * - An index that leads nowhere refuses the purposes of its attachment, and so does a grant that denies.
 * - What has expired, can't be read, or is granted from a later time on, neither grants nor refuses.
 *
 * Not judged are proofs, registries and `status_interval`, which need other systems, and the signature over the vCon
 * that must protect all of it: verify that first.
 *
 * @param purpose such as "transcription", compared as it is written
 * @param options.at when it is to be processed; now unless said otherwise
 * @param options.skew by how many seconds clocks may differ, at most 300, which is the default
 */
export function checkPermission(
  vcon: Vcon,
  purpose: string,
  { at = new Date(), skew = MAX_CLOCK_SKEW }: { at?: Date; skew?: number } = {},
): Permission {
  const time = { at: at.getTime(), skew: Math.min(skew, MAX_CLOCK_SKEW) * 1000 };
  const verdicts = elementsOf(vcon, "attachments").flatMap(([index, attachment]) =>
    isLawfulBasis(attachment) ? (judge(attachment, index, purpose, vcon, time) ?? []) : [],
  );
  const refusals = verdicts.filter((verdict) => "error" in verdict);
  const grants = verdicts.filter((verdict) => "grants" in verdict);
  const refused = refusals.some(({ error }) => !WITHOUT_EFFECT.includes(error));
  if (grants.length > 0 && !refused) {
    const conditions = [...new Set(grants.flatMap((grant) => grant.conditions))];
    return { allowed: true, conditions, attachments: grants.map((grant) => grant.grants) };
  }
  return { allowed: false, reasons: refusals.length > 0 ? refusals : [{ error: "LawfulBasisMissingError" }] };
}

function judge(
  attachment: Attachment,
  index: Index,
  purpose: string,
  vcon: Vcon,
  { at, skew }: { at: number; skew: number },
): Verdict | undefined {
  const refusal = (error: LawfulBasisError): Refusal => ({ error, attachment: index });
  const body = bodyIn(attachment);
  if (!body) return refusal("LawfulBasisMissingError");
  const hashError = checkHash(body);
  if (hashError) return refusal(hashError);
  const grants = grantsIn(body).filter((grant) => grant.purpose === purpose);
  if (grants.length === 0) return;
  if (!pointsSomewhere(attachment, vcon)) return refusal("ReferenceValidationError");

  const basis = readLawfulBasis(attachment);
  if (basis?.expiration && !(at <= Date.parse(basis.expiration) + skew))
    return refusal("LawfulBasisExpiredError");
  if (grants.some(({ granted }) => !granted)) return refusal("PermissionDeniedError");
  if (!basis || !grants.every((grant) => isInForce(grant, at + skew)))
    return refusal("LawfulBasisMissingError");
  return { grants: index, conditions: grants.flatMap(({ conditions }) => conditions ?? []) };
}

/** A grant may lack its time, which older libraries don't write; one that can't be read is no time yet to come. */
function isInForce({ granted_at }: PurposeGrant, latest: number): boolean {
  return granted_at === undefined || Date.parse(readDate(granted_at) ?? "") <= latest;
}

/** Index 0 is also written where there is nothing to point at. */
function pointsSomewhere(attachment: Attachment, { parties, dialog }: Vcon): boolean {
  const exists = (index: unknown, list: unknown[] = []) =>
    index === undefined || index === 0 || (Number.isInteger(index) && list[index as number] !== undefined);
  return (
    exists(attachment.party, parties) && [attachment.dialog].flat().every((index) => exists(index, dialog))
  );
}

function bodyIn(attachment: Attachment): JsonObject | undefined {
  const body = structureIn(attachment) ?? attachment;
  if (!isObject(body)) return;
  if (Array.isArray(body.consents)) return fromConsent(body);
  return body === attachment ? undefined : body;
}

/** A consent of draft-howe-vcon-consent-00 as a lawful basis. */
function fromConsent({ expiration, consents, terms_of_service }: JsonObject): JsonObject {
  const purpose_grants = (consents as JsonValue[]).filter(isObject).map((consent) => ({
    purpose: consent.purpose,
    granted: consent.status === "granted",
    granted_at: consent.timestamp,
  }));
  return { lawful_basis: "consent", expiration, purpose_grants, terms_of_service };
}

function grantsIn({ purpose_grants }: JsonObject): PurposeGrant[] {
  if (!isListOfObjects(purpose_grants)) return [];
  return purpose_grants.map(({ conditions, ...grant }) => ({
    ...grant,
    granted: grant.granted === true,
    ...(conditions !== undefined && { conditions: [conditions].flat().map(String) }),
  })) as PurposeGrant[];
}

function checkHash(body: JsonObject): LawfulBasisError | undefined {
  const { content_hash: hash, ...rest } = body;
  if (hash === undefined || hash === null) return;
  if (!isObject(hash)) return "ContentHashMismatchError";
  if (hash.canonicalization !== "jcs") return "UnsupportedCanonicalizationError";
  const algorithm = HASHES.get(hash.algorithm as string);
  if (!algorithm) return "UnsupportedHashAlgorithmError";
  const fits = typeof hash.value === "string" && digest(rest, algorithm) === hash.value.toLowerCase();
  return fits ? undefined : "ContentHashMismatchError";
}

function withHash(
  { content_hash: _, ...rest }: LawfulBasisBody,
  algorithm: "sha-256" | "sha-3-256",
): LawfulBasisBody {
  const value = digest(rest, HASHES.get(algorithm)!) ?? "";
  return { ...rest, content_hash: { algorithm, canonicalization: "jcs", value } };
}

/** In hex; undefined for what JCS has no form for, which is text that is not Unicode. */
function digest(value: object, algorithm: string): string | undefined {
  try {
    return createHash(algorithm).update(canonicalize(value)!).digest("hex");
  } catch {
    return;
  }
}

function isBasis(value: unknown): value is LawfulBasisBody["lawful_basis"] {
  return (LAWFUL_BASES as readonly unknown[]).includes(value);
}
