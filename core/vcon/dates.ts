/** Reads the date formats that vCons of all ages hold, and writes RFC 3339. */

const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ]((?:[01]\d|2[0-3]):\d\d)(:\d\d)?(\.\d+)? ?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/;
const RFC_2822 =
  /^(?:[A-Za-z]{3}, ?)?(\d{1,2} [A-Za-z]{3} \d{4}) \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|UTC?|GMT|[ECMP][SD]T)(?: \(\w+\))?$/;
const RFC_3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const NO_COLON = /[+-]\d{4}$/;
/** With 14 digits it is no epoch but, mostly, a date without its hyphens and colons. */
const EPOCH_TEXT = /^\d{9,13}(?:\.\d+)?$/;

/** Epochs from here on are milliseconds: as seconds they would lie beyond the year 5000. */
const FIRST_MILLISECONDS = 1e11;
const END_OF_YEAR_9999 = 253_402_300_799_999;

/**
 * The date in RFC 3339, or undefined if it can't be read. Read are RFC 3339 (given back as it is), the ISO 8601
 * forms close to it (without a zone: taken as UTC), RFC 2822, and Unix time in seconds or milliseconds, whole or not.
 */
export function readDate(value: unknown): string | undefined {
  if (isRfc3339(value)) return value as string;
  const nearly = nearlyRfc3339(value);
  if (nearly !== undefined) return nearly;
  if (typeof value === "number") return fromEpoch(value);
  if (typeof value !== "string") return;
  const text = value.trim();
  if (EPOCH_TEXT.test(text)) return fromEpoch(Number(text));
  return RFC_2822.test(text) ? fromRfc2822(text) : fromIso(text);
}

/** Whether it is RFC 3339 beyond doubt; dates after the 28th of a month take {@link readDate} to tell. */
export function isRfc3339(value: unknown): boolean {
  return typeof value === "string" && RFC_3339.test(value);
}

/** What real vCons have most, in one look: a date without a zone, or with one that lacks its colon. */
function nearlyRfc3339(value: unknown): string | undefined {
  if (typeof value !== "string") return;
  const colon = value.length - 2;
  if (NO_COLON.test(value)) return checked(`${value.slice(0, colon)}:${value.slice(colon)}`);
  return checked(`${value}Z`);
}

function checked(date: string): string | undefined {
  return RFC_3339.test(date) ? date : undefined;
}

/** Whether a date that can be read leaves open which time zone it is in. */
export function namesNoZone(value: unknown): boolean {
  const parts = typeof value === "string" ? ISO.exec(value.trim()) : null;
  return parts !== null && parts[5] === undefined;
}

function fromRfc2822(text: string): string | undefined {
  const [, day = ""] = RFC_2822.exec(text) ?? [];
  // As for a day below: the engine takes the 31st of February for the 3rd of March.
  const isDay = new Date(`${day} UTC`).getUTCDate() === Number.parseInt(day, 10);
  return isDay ? fromMilliseconds(Date.parse(text)) : undefined;
}

function fromIso(text: string): string | undefined {
  const parts = ISO.exec(text);
  if (!parts) return;
  const [, day, minutes = "00:00", seconds = ":00", fraction = "", zone = "Z"] = parts;
  // No program reads a leap second; the second before it is the nearest that all do.
  const date = `${day}T${minutes}${seconds.replace("60", "59")}${fraction}${zoneOf(zone)}`;
  return isDay(day!) && !Number.isNaN(Date.parse(date)) ? date : undefined;
}

/** The engine takes the 30th of February for the 2nd of March. */
function isDay(day: string): boolean {
  const read = new Date(day);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(day);
}

function zoneOf(zone: string): string {
  if (zone === "Z" || zone === "z") return "Z";
  return `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;
}

function fromEpoch(time: number): string | undefined {
  return fromMilliseconds(time < FIRST_MILLISECONDS ? time * 1000 : time);
}

function fromMilliseconds(time: number): string | undefined {
  return time >= 0 && time <= END_OF_YEAR_9999 ? new Date(time).toISOString() : undefined;
}
