/** Checks of a Dialog Object (core-04 section 4.3). */
import { isObject } from "../json.ts";
import { mediatypeOf } from "../media.ts";
import type { JsonObject } from "../types.ts";
import { applicabilityFaults, DIALOG_TYPES } from "./applicability.ts";
import {
  type Around,
  type Check,
  core,
  type Fault,
  fault,
  inside,
  inTurn,
  list,
  type Members,
  NONE,
  object,
  oneOrMany,
  type Place,
  text,
} from "./check.ts";
import { contentMembers, DIALOG_CONTENT, hashedUrl, inlineContent, someContent } from "./content.ts";
import { EXTENSION_MEMBERS, rulesOfExtensions } from "./extensions.ts";
import { otherMembers, RENAMED } from "./other-members.ts";
import { choice, date, indexInto, isCount, matching, mediatype, numberFrom, suggestion } from "./values.ts";

const MEDIATYPES = [
  "text/plain",
  "audio/x-wav",
  "audio/x-mp3",
  "audio/x-mp4",
  "audio/ogg",
  "video/x-mp4",
  "video/ogg",
  "multipart/mixed",
];

const party = indexInto("parties");
const otherDialog = indexInto("dialog");

const HISTORY_MEMBERS: Members = {
  party: core.must("4.3.13.1", party),
  time: core.must("4.3.13.1", date),
  event: core.must(
    "4.3.13.1",
    choice("join", "drop", "hold", "unhold", "mute", "unmute", "keydown", "keyup"),
  ),
  button: core.may("4.3.13.1", text),
};

const partyEvent = object(HISTORY_MEMBERS, pressedButton, otherMembers(HISTORY_MEMBERS, RENAMED.history));

const MEMBERS: Members = {
  type: core.must("4.3.1", choice(...DIALOG_TYPES)),
  start: core.may("4.3.2", date),
  duration: core.may("4.3.3", numberFrom(0)),
  parties: core.may("4.3.4", channels),
  originator: core.may("4.3.5", party),
  recordings: core.may("4.3.6", list(otherDialog)),
  recording_set: core.may("4.3.7", otherDialog),
  ...contentMembers(DIALOG_CONTENT),
  mediatype: core.may("4.3.8", inTurn(mediatype, suggestedMediatype)),
  disposition: core.may(
    "4.3.11",
    choice("no-answer", "congestion", "failed", "busy", "hung-up", "voicemail-no-message"),
  ),
  session_id: core.may("4.3.12", (value, ...place) => sessionIds(value, ...place)),
  party_history: core.may("4.3.13", list(partyEvent)),
  transferee: core.may("4.3.14", party),
  transferor: core.may("4.3.14", party),
  transfer_target: core.may("4.3.14", party),
  original: core.may("4.3.14", otherDialog),
  consultation: core.may("4.3.14", otherDialog),
  target_dialog: core.may("4.3.14", otherDialog),
  application: core.may("4.3.15", text),
  message_id: core.may("4.3.16", text),
  ...EXTENSION_MEMBERS.dialog,
};

export const dialog: Check = object(
  MEMBERS,
  applicability,
  hashedUrl,
  inlineContent(DIALOG_CONTENT),
  contentOfMedia,
  impliedOriginator,
  sessionsOfParties,
  recordingsOfSet,
  setOfRecording,
  transferredDialogs,
  rulesOfExtensions("dialog"),
  otherMembers(MEMBERS, RENAMED.dialog),
);

const suggestedType = suggestion(...MEDIATYPES);

function suggestedMediatype(value: unknown, ...place: Place): readonly Fault[] {
  return suggestedType(mediatypeOf({ mediatype: value as string }), ...place);
}

// What the type of the dialog says

function* applicability(members: JsonObject): Iterable<Fault> {
  const isBare = isPlaceholder(members);
  if (isBare) yield core.fault("4.3", ...PLACEHOLDER);
  for (const [name, found] of applicabilityFaults(members)) {
    if (isBare && found.level === "warning") continue;
    yield { ...found, section: MEMBERS[name]!.section };
  }
}

const PLACEHOLDER = [
  "info",
  "placeholder",
  "A placeholder: something took place of which nothing more is known.",
] as const;

function isPlaceholder(members: JsonObject): boolean {
  return Object.keys(members).every((name) => name === "type" || name === "disposition");
}

const contentOfAny = someContent(DIALOG_CONTENT);

function contentOfMedia(members: JsonObject, ...place: Place): Iterable<Fault> {
  const isMedia = members.type === "recording" || members.type === "text";
  return isMedia && !isPlaceholder(members) ? contentOfAny(members, ...place) : NONE;
}

// Parties, sessions and events

const NO_CHANNELS = fault(
  "error",
  "type",
  "The index of a party belongs here, or an array with an index, an array of them or null for each channel.",
);

/** Several channels have an element each: the party, or parties, that are heard on it, or null. */
function channels(value: unknown, ...place: Place): Iterable<Fault> {
  if (Array.isArray(value)) return channelList(value, ...place);
  return isCount(value) ? party(value, ...place) : [NO_CHANNELS];
}

const channelList = list((channel, ...place) => {
  if (channel === null) return NONE;
  return Array.isArray(channel) ? partyList(channel, ...place) : party(channel, ...place);
});
const partyList = list(party);

function* impliedOriginator({ originator, parties }: JsonObject): Iterable<Fault> {
  const first = firstOf(firstOf(parties));
  if (originator !== undefined && originator === first) {
    yield core.fault(
      "4.3.5",
      "info",
      "impliedOriginator",
      "The first of the dialog's parties is its originator anyway.",
      "/originator",
    );
  }
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

/** With or without hyphens: RFC 7989 writes them without. */
const SESSION_UUID = /^[\da-f]{8}(-?)[\da-f]{4}\1[\da-f]{4}\1[\da-f]{4}\1[\da-f]{12}$/i;
const NIL_UUID = /^(?:0{8}-?(?:0{4}-?){3}0{12})$/;

const sessionUuid = matching(SESSION_UUID, "error", "sessionUuid", "A UUID of RFC 7989 belongs here.");
const sessionId = object(
  { local: core.may("2.2", sessionUuid), remote: core.may("2.2", sessionUuid) },
  bothEnds,
);
/** One for all parties, or one for each as `parties` has them. */
const sessionIds = oneOrMany(oneOrMany(sessionId));

function* bothEnds(members: JsonObject): Iterable<Fault> {
  const ends = ["local", "remote"].filter((name) => members[name] !== undefined);
  if (ends.length === 1) {
    yield core.fault(
      "4.3.12",
      "warning",
      "sessionEnds",
      "Of the two ends one is missing; the nil UUID stands for one that is not known.",
    );
  }
  if (ends.length === 2 && ends.every((name) => isNil(members[name]))) {
    yield core.fault("4.3.12", "error", "nilSession", "A party without a session has an empty object here.");
  }
}

function isNil(value: unknown): boolean {
  return typeof value === "string" && NIL_UUID.test(value);
}

function* sessionsOfParties({ session_id, parties }: JsonObject): Iterable<Fault> {
  if (!Array.isArray(session_id) || hasShapeOf(parties, session_id)) return;
  yield core.fault(
    "4.3.12",
    "error",
    "sessionShape",
    "The array must have the shape of the dialog's `parties`: a session for each.",
    "/session_id",
  );
}

/**
 * Null stands in `parties` for a channel without a party; what its session looks like is not said. Neither array has
 * arrays more than one level down, so deeper ones are wrong anyway.
 */
function hasShapeOf(parties: unknown, sessions: unknown, levels = 2): boolean {
  if (parties === null || levels === 0) return true;
  if (!Array.isArray(parties) || !Array.isArray(sessions)) {
    return Array.isArray(parties) === Array.isArray(sessions);
  }
  return (
    parties.length === sessions.length &&
    parties.every((one, index) => hasShapeOf(one, sessions[index], levels - 1))
  );
}

function* pressedButton({ event, button }: JsonObject): Iterable<Fault> {
  if ((event === "keydown" || event === "keyup") && button === undefined) {
    yield core.required("4.3.13.1", "button");
  }
}

// Dialogs that refer to others

function* recordingsOfSet({ recordings }: JsonObject, around: Around, index: number): Iterable<Fault> {
  if (!Array.isArray(recordings)) return;
  for (const [place, recording] of recordings.entries()) {
    yield* inside("recordings", inside(place, recordingOfSet(dialogAt(around, recording), index)));
  }
}

function* recordingOfSet(recording: JsonObject | undefined, index: number): Iterable<Fault> {
  if (recording === undefined) return;
  if (recording.type !== "recording") {
    yield core.fault("4.3.6", "error", "reference", "A dialog of type recording belongs here.");
  } else if (recording.recording_set !== index) {
    yield core.fault(
      "4.3.7",
      "warning",
      "setNotNamed",
      "That recording should name this set in `recording_set`.",
    );
  }
}

function* setOfRecording({ recording_set }: JsonObject, around: Around): Iterable<Fault> {
  const set = dialogAt(around, recording_set);
  if (set === undefined || set.type === "recording-set") return;
  yield core.fault(
    "4.3.7",
    "error",
    "reference",
    "A dialog of type recording-set belongs here.",
    "/recording_set",
  );
}

/** Each of a transfer's calls, and the types of dialog that it can be. */
const CALLS = Object.entries({
  original: ["recording", "recording-set", "text"],
  consultation: ["recording", "recording-set", "text", "incomplete"],
  target_dialog: ["recording", "recording-set", "text", "incomplete"],
});

function* transferredDialogs(members: JsonObject, around: Around): Iterable<Fault> {
  const seen = new Set<unknown>();
  for (const [name, types] of CALLS) {
    const call = members[name];
    const type = dialogAt(around, call)?.type;
    if (type !== undefined && !types.includes(type as string)) {
      const message = `A dialog of one of these types belongs here: ${types.join(", ")}.`;
      yield core.fault("4.3.14", "error", "reference", message, `/${name}`);
    }
    if (call !== undefined && seen.has(call)) {
      const message = "Each of a transfer's calls should be a dialog of its own.";
      yield core.fault("4.3.14", "warning", "sharedCall", message, `/${name}`);
    }
    seen.add(call);
  }
}

function dialogAt(around: Around, index: unknown): JsonObject | undefined {
  const found = isCount(index) ? around.dialog[index] : undefined;
  return isObject(found) ? found : undefined;
}
