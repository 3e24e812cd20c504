/** Checks of single values: dates, UUIDs, indices, URLs, hashes, media types and choices (core-04 section 2). */
import { isCanonicalBase64Url } from "../media.ts";
import { type Around, type Check, check, fault, inTurn, type Leaf, NONE, textThat } from "./check.ts";

export const flag = check(
  (value) => typeof value === "boolean",
  "error",
  "type",
  "True or false belongs here.",
);

/** A number of at least `least` and at most `most`. */
export function numberFrom(least: number, most = Number.MAX_VALUE): Check {
  const range = most === Number.MAX_VALUE ? `of ${least} or more` : `from ${least} to ${most}`;
  return check(
    (value) => typeof value === "number" && value >= least && value <= most,
    "error",
    "type",
    `A number ${range} belongs here.`,
  );
}

export const count = check(isCount, "error", "type", "A whole number of 0 or more belongs here.");

export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

export function choice(...values: string[]): Leaf {
  return textThat(
    (value) => values.includes(value),
    "error",
    "value",
    `One of these belongs here: ${values.join(", ")}.`,
  );
}

/** Longer is no address, hash, tag or media type, and would be too much for a pattern with repetitions in it. */
const MAX_LENGTH = 2 ** 16;

/** A text, of a sensible length, that the pattern matches. */
export function matching(pattern: RegExp, ...wrong: Parameters<typeof fault>): Leaf {
  return textThat((value) => value.length <= MAX_LENGTH && pattern.test(value), ...wrong);
}

/** A text for which the draft only suggests values. */
export function suggestion(...values: string[]): Leaf {
  return textThat(
    (value) => values.includes(value),
    "info",
    "suggestedValue",
    `One of these is suggested here: ${values.join(", ")}.`,
  );
}

// Dates

const DATE =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;
/** RFC 8620 section 1.4 wants capitals, and no fraction of zero. */
const UNUSUAL_DATE = /[tz]|\.0+(?:Z|[+-])/;

/** A date and time of RFC 3339 in the form of RFC 8620 (section 2.2). */
export const date = inTurn(
  textThat(isDate, "error", "date", "A date and time of RFC 3339 belongs here."),
  check(
    (value) => !UNUSUAL_DATE.test(value as string),
    "info",
    "dateForm",
    "The date is right, but T and Z should be capitals, and a fraction of zero left out.",
  ),
);

function isDate(value: string): boolean {
  const [, year, month, day] = DATE.exec(value) ?? [];
  return Number(day) <= 28 || Number(day) <= daysIn(Number(year), Number(month));
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

// UUIDs

const UUID = /^[\da-f]{8}-[\da-f]{4}-([\da-f])[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/i;

export const uuid = matching(UUID, "error", "uuid", "A UUID belongs here.");

/** A vCon's own UUID (section 4.1.2). */
export const vconUuid = inTurn(
  uuid,
  check(
    (value) => UUID.exec(value as string)?.[1] === "8",
    "info",
    "uuidVersion",
    "The draft suggests a UUID of version 8, made from the time and a host's name.",
  ),
);

// Indices, the vCon's only references

type Indexed = "parties" | "dialog" | "attachments";

const NO_INDEX = fault("error", "type", "An index belongs here: a whole number from 0.");
const OUT_OF_RANGE: Record<Indexed, string> = {
  parties: "There is no party with this index.",
  dialog: "There is no dialog with this index.",
  attachments: "There is no attachment with this index.",
};

export function indexInto(section: Indexed): Check {
  const wrong = [NO_INDEX];
  const outOfRange = [fault("error", "indexRange", OUT_OF_RANGE[section])];
  return (value, around) => {
    if (!isCount(value)) return wrong;
    return value < around[section].length ? NONE : outOfRange;
  };
}

/** An attachment to the vCon as a whole says 0, by custom, even where there is no party or dialog. */
export function placeIn(section: Indexed): Check {
  const strict = indexInto(section);
  const customary = [fault("warning", "indexRange", OUT_OF_RANGE[section])];
  return (value, around: Around, index) =>
    value === 0 && around[section].length === 0 ? customary : strict(value, around, index);
}

// Media

const HTTPS = /^https:\/\/(?:[\w\-.~:/?#[\]@!$&'()*+,;=]|%[\da-f]{2})+$/i;

const NO_HTTPS = ["error", "https", "An HTTPS URL belongs here."] as const;

export const httpsUrl = inTurn(
  matching(HTTPS, ...NO_HTTPS),
  check((value) => URL.canParse(value as string), ...NO_HTTPS),
);

const HASH = /^([a-z\d]+)-([\w-]+)$/;
const DIGEST_LENGTHS = new Map<string | undefined, number>([
  ["sha256", 43],
  ["sha384", 64],
  ["sha512", 86],
]);

/** "sha512-" and the digest in base64url, or the same by another algorithm (section 2.2, ContentHash). */
export const contentHash = inTurn(
  matching(
    HASH,
    "error",
    "contentHash",
    "An algorithm in lower case and without hyphens, a hyphen and the digest in base64url belong here.",
  ),
  check(
    (value) => isWholeDigest(value as string),
    "error",
    "contentHash",
    "The digest is not as long as this algorithm makes it.",
  ),
  check(
    (value) => DIGEST_LENGTHS.has((value as string).split("-", 1)[0]),
    "warning",
    "hashAlgorithm",
    "Few readers know this algorithm; all know sha512.",
  ),
);

function isWholeDigest(hash: string): boolean {
  const [, algorithm, digest = ""] = HASH.exec(hash) ?? [];
  return digest.length === (DIGEST_LENGTHS.get(algorithm) ?? digest.length);
}

const MEDIATYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(?:;|$)/;

export const mediatype = matching(
  MEDIATYPE,
  "error",
  "mediatype",
  "A media type, type/subtype, belongs here.",
);

export const base64url = textThat(
  isCanonicalBase64Url,
  "error",
  "base64url",
  "Base64url without padding belongs here.",
);
