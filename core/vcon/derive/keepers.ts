/** What is kept of an object's members: what a table doesn't name is dropped. */
import { readDate } from "../dates.ts";
import { mediatypeOf } from "../media.ts";
import type { JsonObject, JsonValue } from "../types.ts";
import type { Mentions } from "./mentions.ts";

/** What of a member's value is kept; undefined for nothing. */
export type Keep = (value: unknown) => JsonValue | undefined;

export type Keepers = Record<string, Keep>;

const DIALOG_TYPES = ["recording", "recording-set", "text", "transfer", "incomplete"];
const DISPOSITIONS = ["no-answer", "congestion", "failed", "busy", "hung-up", "voicemail-no-message"];
const CONTENT_HASH = /^[a-z0-9]+-[\w+/-]+=*$/i;

/** The members of an object that its table keeps. */
export function kept(members: object, keepers: Keepers): JsonObject {
  const values = Object.entries(keepers).map(([name, keep]) => {
    const value = (members as JsonObject)[name];
    return [name, value === undefined ? undefined : keep(value)];
  });
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** The tables for each kind of object where parties are taken out; content has none. */
export function keepersWithout(mentions: Mentions) {
  const free: Keep = mentions.replaceIn;
  const unnamed: Keep = (value) => {
    const replaced = mentions.replaceIn(value);
    return JSON.stringify(replaced) === JSON.stringify(value) ? replaced : undefined;
  };
  const references: Keepers = { dialog: numbers, attachment: numbers, party: numbers, start: date };
  const dialog: Keepers = {
    type: (value) => (DIALOG_TYPES.includes(value as string) ? identity(value) : free(value)),
    start: date,
    disposition: (value) => (DISPOSITIONS.includes(value as string) ? identity(value) : undefined),
    ...membersOf(
      `duration parties originator recordings recording_set
       transferee transferor transfer_target original consultation target_dialog`,
      numbers,
    ),
    ...membersOf("application campaign interaction_type interaction_id skill", free),
  };
  return {
    /** An address or a name with something replaced in it is none any more. */
    party: membersOf(
      `tel sip mailto name did validation gmlpos civicaddress uuid type org dept role contact_list
       sip_contact sip_user_agent sip_display_name`,
      unnamed,
    ),
    theirDialog: dialog,
    othersDialog: {
      ...dialog,
      ...membersOf("session_id message_id sip_call_id sip_from_tag sip_to_tag sip_cseq", free),
    },
    history: { party: numbers, time: date, ...membersOf("event button", free) },
    /** Parameters of the media type may repeat the file's name. */
    theirMedia: { mediatype: bareMediatype, content_hash: contentHash },
    othersMedia: {
      mediatype: free,
      content_hash: contentHash,
      filename: free,
      url: (value: unknown) => (typeof value === "string" && !mentions.isIn(value) ? value : undefined),
    },
    analysis: { ...references, ...membersOf("type vendor product", free) },
    attachment: { ...references, purpose: free },
  } satisfies Record<string, Keepers>;
}

function membersOf(names: string, keep: Keep): Keepers {
  return Object.fromEntries(names.split(/\s+/).map((name) => [name, keep]));
}

export function identity(value: unknown): JsonValue {
  return value as JsonValue;
}

/** Indices and durations: no text may hide among them. */
function numbers(value: unknown): JsonValue | undefined {
  const isNumeric = [value].flat(2).every((one) => typeof one === "number" || one === null);
  return isNumeric ? identity(value) : undefined;
}

function bareMediatype(value: unknown): JsonValue | undefined {
  return typeof value === "string" ? mediatypeOf({ mediatype: value }) : undefined;
}

function date(value: unknown): JsonValue | undefined {
  return readDate(value);
}

function contentHash(value: unknown): JsonValue | undefined {
  const isHash = [value].flat().every((one) => typeof one === "string" && CONTENT_HASH.test(one));
  return isHash ? identity(value) : undefined;
}
