/** Each rule of validation, with what breaks it and with what keeps it. */
import { describe, expect, it } from "vitest";
import { contentHash, type Finding, validateVcon } from "../../../../core/vcon/index.ts";
import {
  ANALYSIS_MEMBERS,
  ATTACHMENT_MEMBERS,
  DIALOG_MEMBERS,
  PARTY_MEMBERS,
} from "../../../../core/vcon/members.ts";

const UUID = "019cab00-0000-8001-8caa-f24ab1a0c334";
const OTHER_UUID = "019cab00-0000-8002-8caa-f24ab1a0c334";
const HASH = contentHash(Buffer.from("call"));
const AUDIO = { mediatype: "audio/ogg", url: "https://example.com/call.ogg", content_hash: HASH };
const TEXT = { mediatype: "text/plain", encoding: "none", body: "Hello" };
const JSON_BODY = { mediatype: "application/json", encoding: "json" };
const NIL = "0".repeat(32);
const SESSION = { local: "ab30317f1a784dc48ff824d0d3715d86", remote: "47755a9de7794ba387653f2099600ef2" };

/** Nothing is to be said of it; the cases change one object in it. */
const SOUND = {
  uuid: UUID,
  created_at: "2026-03-02T09:00:00Z",
  parties: [{ tel: "+12025550123" }, { mailto: "alice@example.com" }, { role: "agent" }],
  dialog: [
    { type: "recording", start: "2026-03-02T09:00:00Z", parties: [0, 1], ...AUDIO },
    { type: "text", start: "2026-03-02T09:00:00Z", parties: [0, 1], ...TEXT },
    { type: "incomplete", start: "2026-03-02T09:00:00Z", disposition: "busy" },
    { type: "transfer", transferee: 0, transferor: 1, original: 0, target_dialog: 1 },
    { type: "recording-set", start: "2026-03-02T09:00:00Z", parties: [0, 1], recordings: [5] },
    { type: "recording", start: "2026-03-02T09:00:00Z", parties: [0, 1], recording_set: 4, ...AUDIO },
  ],
  analysis: [
    { type: "summary", dialog: 0, vendor: "example", ...TEXT },
    {
      type: "wtf_transcription",
      dialog: 0,
      vendor: "example",
      start: "2026-03-02T09:00:00Z",
      ...JSON_BODY,
      body: {
        transcript: { text: "Hello", language: "en", duration: 1, confidence: 1 },
        segments: [{ id: 0, start: 0, end: 1, text: "Hello", confidence: 1 }],
        metadata: {
          created_at: "2026-03-02",
          processed_at: "2026-03-02T09:00:00Z",
          provider: "example",
          model: "m",
        },
      },
    },
    {
      type: "agent_trace",
      dialog: [0],
      vendor: "example",
      product: "m",
      schema: "https://example.com/record",
      ...JSON_BODY,
      body: {},
    },
  ],
  attachments: [
    { start: "2026-03-02T09:00:00Z", party: 0, dialog: 0, ...TEXT },
    {
      purpose: "lawful_basis",
      start: "2026-03-02T09:00:00Z",
      party: 0,
      dialog: 0,
      ...JSON_BODY,
      body: { lawful_basis: "consent", expiration: null, purpose_grants: [] },
    },
    {
      purpose: "sip-message-trace",
      start: "2026-03-02T09:00:00Z",
      party: 0,
      dialog: 0,
      ...JSON_BODY,
      body: { version: "1.0", call_id: "call@example.com", messages: [] },
    },
  ],
  extensions: ["CC", "wtf_transcription", "lawful_basis", "sip-signaling", "agent_session"],
};

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

const SIGNED = {
  payload: encoded(SOUND),
  signatures: [
    { protected: encoded({ alg: "RS256" }), header: { x5c: ["MIIB"], uuid: UUID }, signature: "AAAA" },
  ],
};

const ENCRYPTED = {
  protected: encoded({ alg: "RSA-OAEP", enc: "A256CBC-HS512" }),
  unprotected: { cty: "application/vcon", uuid: UUID },
  recipients: [{ encrypted_key: "AAAA" }],
  iv: "AAAA",
  ciphertext: "AAAA",
  tag: "AAAA",
};

type Level = Finding["level"];
type Members = Record<string, unknown>;
/** `at` leads from the object to the fault; `wrong` and `right` are members set there, or dropped if undefined. */
type Case = [level: Level, rule: string, section: string, at: string, wrong: Members, right: Members];
/** By the place of the object in the sound vCon. */
type Cases = Record<string, Case[]>;

// biome-ignore format: a table is read by its rows
const CASES: Cases = {
  "": [
    ["error", "required", "core-04 4.1.2", "/uuid", { uuid: undefined }, { uuid: OTHER_UUID }],
    ["error", "uuid", "core-04 4.1.2", "/uuid", { uuid: "call-17" }, { uuid: UUID.toUpperCase() }],
    ["info", "uuidVersion", "core-04 4.1.2", "/uuid", { uuid: "9b2f4c1a-5d6e-4f70-8a9b-0c1d2e3f4a5b" }, { uuid: UUID }],
    ["error", "syntax", "core-04 4.1.1", "/vcon", { vcon: "0.3.0" }, { vcon: "0.4.0" }],
    ["info", "deprecated", "core-04 4.1.1", "/vcon", { vcon: "0.4.0" }, {}],
    ["error", "required", "core-04 4.1.5", "/created_at", { created_at: undefined }, {}],
    ["error", "date", "core-04 4.1.5", "/created_at", { created_at: "yesterday" }, {}],
    ["error", "type", "core-04 4.1.5", "/created_at", { created_at: 1772442000 }, {}],
    ["error", "type", "core-04 4.1.7", "/subject", { subject: null }, { subject: "Renewal" }],
    ["error", "type", "core-04 4.1.3", "/extensions/5", { extensions: [...SOUND.extensions, 5] }, {}],
    ["error", "type", "core-04 4.1.10", "/parties", { parties: { tel: "+1" } }, {}],
    ["error", "type", "core-04 4.1.13", "/attachments/0", { attachments: ["brochure"] }, { attachments: [] }],
    ["error", "redactedAndAmended", "core-04 4.1.9", "/amended", { redacted: { uuid: OTHER_UUID, type: "names" }, amended: { uuid: OTHER_UUID } }, { amended: { uuid: OTHER_UUID } }],
    ["error", "selfReference", "core-04 4.1.9", "/amended/uuid", { amended: { uuid: UUID } }, { amended: { uuid: OTHER_UUID } }],
    ["error", "required", "core-04 4.1.9.1", "/amended/uuid", { amended: {} }, { amended: { uuid: OTHER_UUID } }],
    ["warning", "recommended", "core-04 4.1.9", "/amended/uuid", { amended: { url: "https://example.com/1", content_hash: HASH } }, { amended: { uuid: OTHER_UUID, url: "https://example.com/1", content_hash: HASH } }],
    ["error", "required", "core-04 4.1.8.1", "/redacted/type", { redacted: { uuid: OTHER_UUID } }, { redacted: { uuid: OTHER_UUID, type: "names" } }],
    ["warning", "recommended", "core-04 4.1.8", "/redacted/uuid", { redacted: { type: "names" } }, { redacted: { uuid: OTHER_UUID, type: "names" } }],
    ["error", "required", "core-04 2.4", "/redacted/content_hash", { redacted: { uuid: OTHER_UUID, type: "names", url: "https://example.com/1" } }, { redacted: { uuid: OTHER_UUID, type: "names", url: "https://example.com/1", content_hash: [HASH] } }],
    ["info", "otherDraft", "core-04 2.5", "/redacted/body", { redacted: { uuid: OTHER_UUID, type: "names", body: {} } }, { redacted: { uuid: OTHER_UUID, type: "names" } }],
    ["warning", "nothingInIt", "core-04 4", "", { parties: undefined, dialog: [], analysis: undefined, attachments: [] }, { dialog: undefined, analysis: undefined, attachments: undefined }],
    ["info", "otherDraft", "core-04 2.5", "/must_support", { must_support: [] }, { critical: [] }],
    ["info", "otherDraft", "core-04 2.5", "/redacted_from", { redacted_from: {} }, {}],
    ["info", "unknownMember", "core-04 4.1.3", "/a~1b", { "a/b": 1 }, { "a/b": 1, extensions: [...SOUND.extensions, "example"] }],
    ["warning", "extensionNotListed", "core-04 4.1.3", "/extensions", { extensions: SOUND.extensions.slice(1) }, {}],
    ["warning", "criticalNotListed", "core-04 4.1.3", "/critical/0", { critical: ["example"] }, { critical: ["agent_session"] }],
    ["warning", "criticalNeedless", "core-04 4.1.4", "/critical/0", { critical: ["CC"] }, { critical: [] }],
    ["error", "criticalForbidden", "core-04 4.1.4", "/critical/1", { critical: ["agent_session", "sip-signaling"] }, { critical: ["agent_session"] }],
    ["info", "criticalUnknown", "core-04 4.1.4", "/critical/0", { critical: ["example"], extensions: [...SOUND.extensions, "example"] }, { critical: ["agent_session"] }],
    ["error", "required", "core-04 4.5.6", "/analysis/0/vendor", { analysis: [{}] }, { analysis: [{}], redacted: { uuid: OTHER_UUID, type: "names" } }],
    ["info", "placeholder", "core-04 4.1.8", "/attachments/0", { attachments: [{}], redacted: { uuid: OTHER_UUID, type: "names" } }, { attachments: [], redacted: { uuid: OTHER_UUID, type: "names" } }],
    ["warning", "indexRange", "core-04 4.4.4", "/attachments/0/dialog", { dialog: undefined, analysis: undefined }, {}],
  ],
  "/parties/0": [
    ["warning", "tel", "core-04 4.2.1", "/tel", { tel: "5550123" }, { tel: "5550123;phone-context=+1202" }],
    ["warning", "tel", "core-04 4.2.1", "/tel", { tel: "+" }, { tel: "tel:+1-202-555-0123;ext=7" }],
    ["error", "type", "core-04 4.2.1", "/tel", { tel: 12025550123 }, {}],
    ["warning", "sip", "core-04 4.2.2", "/sip", { sip: "carol@example.com" }, { sip: "sips:carol@example.com" }],
    ["error", "stir", "core-04 4.2.3", "/stir", { stir: "e30.e30" }, { stir: "e30.e30.AA" }],
    ["warning", "mailto", "core-04 4.2.4", "/mailto", { mailto: "Carol" }, { mailto: "mailto:carol@example.com" }],
    ["error", "did", "core-04 4.2.6", "/did", { did: "example.com" }, { did: "did:web:example.com%3A443:carol" }],
    ["warning", "recommended", "core-04 4.2.7", "/validation", { name: "Carol Carter" }, { name: "Carol Carter", validation: "none" }],
    ["warning", "recommended", "core-04 4.2.7", "/validation", { name: "Carol" }, { name: "anonymous" }],
    ["warning", "gmlpos", "core-04 4.2.8", "/gmlpos", { gmlpos: "38.9, -77.0" }, { gmlpos: "38.9 -77.0" }],
    ["error", "civicCase", "core-04 4.2.9", "/civicaddress/PC", { civicaddress: { PC: "20500" } }, { civicaddress: { pc: "20500" } }],
    ["info", "unknownMember", "core-04 4.2.9", "/civicaddress/street", { civicaddress: { street: "Elm" } }, { civicaddress: { a6: "Elm" } }],
    ["error", "type", "core-04 4.2.9", "/civicaddress/hno", { civicaddress: { hno: 5 } }, { civicaddress: { hno: "5" } }],
    ["error", "type", "core-04 4.2.10", "/uuid", { uuid: 17 }, { uuid: "agent 17" }],
    ["info", "suggestedValue", "core-04 4.2.11", "/type", { type: "robot" }, { type: "bot" }],
    ["info", "otherDraft", "core-04 2.5", "/timezone", { timezone: "UTC" }, {}],
    ["info", "unknownMember", "core-04 4.1.3", "/nickname", { nickname: "C" }, {}],
    ["warning", "type", "cc-extension-02 3.1.1", "/role", { role: 1 }, { role: "customer" }],
    ["warning", "type", "sip-signaling-00 4.1", "/sip_contact", { sip_contact: 1 }, { sip_contact: "<sip:a@b>" }],
    ["error", "agentRole", "agent-session-00 4", "/role", { meta: { agent_session: { model_id: "m", provider: "p" } } }, { meta: { agent_session: { model_id: "m", provider: "p" } }, role: "agent" }],
    ["error", "required", "agent-session-00 4", "/meta/agent_session/provider", { meta: { agent_session: { model_id: "m" } }, role: "agent" }, { meta: { anything: [] } }],
  ],
  "/dialog/0": [
    ["error", "value", "core-04 4.3.1", "/type", { type: "video" }, { type: "recording" }],
    ["warning", "recommended", "core-04 4.3.2", "/start", { start: undefined }, {}],
    ["error", "date", "core-04 4.3.2", "/start", { start: "2026-02-30T09:00:00Z" }, { start: "2028-02-29T09:00:00Z" }],
    ["error", "date", "core-04 4.3.2", "/start", { start: "2026-03-02 09:00" }, { start: "2026-03-02T09:00:60-05:00" }],
    ["info", "dateForm", "core-04 4.3.2", "/start", { start: "2026-03-02T09:00:00.000Z" }, { start: "2026-03-02T09:00:00.001Z" }],
    ["info", "dateForm", "core-04 4.3.2", "/start", { start: "2026-03-02t09:00:00z" }, {}],
    ["error", "type", "core-04 4.3.3", "/duration", { duration: -1 }, { duration: 0.5 }],
    ["error", "type", "core-04 4.3.3", "/duration", { duration: "60" }, { duration: 60 }],
    ["warning", "recommended", "core-04 4.3.4", "/parties", { parties: undefined }, { parties: 0 }],
    ["error", "type", "core-04 4.3.4", "/parties", { parties: "Carol" }, { parties: [0] }],
    ["error", "type", "core-04 4.3.4", "/parties/1", { parties: [0, -1] }, { parties: [0, null] }],
    ["error", "indexRange", "core-04 4.3.4", "/parties/1/1", { parties: [0, [1, 3]] }, { parties: [0, [1, 2]] }],
    ["error", "indexRange", "core-04 4.3.5", "/originator", { originator: 3 }, { originator: 1 }],
    ["info", "impliedOriginator", "core-04 4.3.5", "/originator", { originator: 0 }, { originator: 1 }],
    ["error", "notApplicable", "core-04 4.3.6", "/recordings", { recordings: [] }, {}],
    ["error", "reference", "core-04 4.3.7", "/recording_set", { recording_set: 1 }, { recording_set: 4 }],
    ["error", "mediatype", "core-04 4.3.8", "/mediatype", { mediatype: "ogg" }, { mediatype: 'Audio/Ogg;\n\tcodecs="opus"' }],
    ["info", "suggestedValue", "core-04 4.3.8", "/mediatype", { mediatype: "audio/flac" }, {}],
    ["error", "type", "core-04 4.3.9", "/filename", { filename: ["a.ogg"] }, { filename: "a.ogg" }],
    ["error", "https", "core-04 2.4.1", "/url", { url: "http://example.com/call.ogg" }, {}],
    ["error", "https", "core-04 2.4.1", "/url", { url: "https://" }, { url: "https://example.com/a%20b?c=d#e" }],
    ["error", "required", "core-04 2.4", "/content_hash", { content_hash: undefined }, { content_hash: [HASH] }],
    ["error", "required", "core-04 2.4", "/content_hash", { content_hash: [] }, { content_hash: HASH }],
    ["error", "contentHash", "core-04 2.2", "/content_hash", { content_hash: HASH.replace("sha512", "SHA-512") }, {}],
    ["error", "contentHash", "core-04 2.2", "/content_hash/1", { content_hash: [HASH, HASH.slice(0, -1)] }, { content_hash: [HASH] }],
    ["warning", "hashAlgorithm", "core-04 2.2", "/content_hash", { content_hash: "shake128-AAAA" }, {}],
    ["warning", "noContent", "core-04 4.3.10", "", { url: undefined }, {}],
    ["warning", "discouraged", "core-04 4.3.11", "/disposition", { disposition: "failed" }, {}],
    ["error", "sessionUuid", "core-04 2.2", "/session_id/local", { session_id: { ...SESSION, local: "call-17" } }, { session_id: SESSION }],
    ["error", "type", "core-04 4.3.12", "/session_id", { session_id: SESSION.local }, { session_id: {} }],
    ["warning", "sessionEnds", "core-04 4.3.12", "/session_id", { session_id: { local: SESSION.local } }, { session_id: { ...SESSION, remote: NIL } }],
    ["error", "nilSession", "core-04 4.3.12", "/session_id/1", { session_id: [SESSION, { local: NIL, remote: NIL }] }, { session_id: [SESSION, {}] }],
    ["error", "sessionShape", "core-04 4.3.12", "/session_id", { session_id: [SESSION] }, { session_id: [SESSION, SESSION] }],
    ["error", "sessionShape", "core-04 4.3.12", "/session_id", { parties: [0, [1, 2]], session_id: [SESSION, SESSION] }, { parties: [0, [1, 2]], session_id: [SESSION, [SESSION, {}]] }],
    ["error", "required", "core-04 4.3.13.1", "/party_history/0/time", { party_history: [{ party: 0, event: "join" }] }, { party_history: [] }],
    ["error", "indexRange", "core-04 4.3.13.1", "/party_history/0/party", { party_history: [history({ party: 3 })] }, { party_history: [history({ party: 2 })] }],
    ["error", "value", "core-04 4.3.13.1", "/party_history/0/event", { party_history: [history({ event: "leave" })] }, { party_history: [history({ event: "drop" })] }],
    ["error", "required", "core-04 4.3.13.1", "/party_history/0/button", { party_history: [history({ event: "keyup" })] }, { party_history: [history({ event: "keyup", button: "#" })] }],
    ["info", "otherDraft", "core-04 2.5", "/party_history/0/dtmf", { party_history: [history({ dtmf: "1" })] }, { party_history: [history({})] }],
    ["error", "notApplicable", "core-04 4.3.14", "/transferee", { transferee: 0 }, {}],
    ["error", "type", "core-04 4.3.15", "/application", { application: {} }, { application: "PBX" }],
    ["info", "otherDraft", "core-04 2.5", "/mimetype", { mimetype: "audio/ogg" }, {}],
    ["info", "placeholder", "core-04 4.3", "", { start: undefined, parties: undefined, mediatype: undefined, url: undefined, content_hash: undefined }, {}],
    ["info", "skillList", "cc-extension-02 3.2.4", "/skill", { skill: ["claims"] }, { skill: "claims" }],
    ["warning", "type", "cc-extension-02 3.2.4", "/skill", { skill: [5] }, { skill: "claims" }],
    ["warning", "type", "sip-signaling-00 5.4", "/sip_cseq", { sip_cseq: "1" }, { sip_cseq: 1 }],
  ],
  "/dialog/1": [
    ["error", "required", "core-04 2.3.2", "/encoding", { encoding: undefined }, { encoding: undefined, body: "" }],
    ["error", "value", "core-04 2.3.2", "/encoding", { encoding: "base64" }, { encoding: "base64url", body: "AAAA" }],
    ["error", "required", "core-04 4.3.8", "/mediatype", { mediatype: undefined }, { mediatype: undefined, body: "" }],
    ["error", "encodedBody", "core-04 2.3.2", "/body", { body: { text: "Hello" } }, { encoding: "json", body: { text: "Hello" } }],
    ["error", "base64url", "core-04 2.3.2", "/body", { encoding: "base64url", body: "AA==" }, { encoding: "base64url", body: "AA" }],
    ["error", "base64url", "core-04 2.3.2", "/body", { encoding: "base64url", body: "+/+/" }, { encoding: "base64url", body: "-_-_" }],
    ["error", "base64url", "core-04 2.3.2", "/body", { encoding: "base64url", body: "AAAAA" }, { encoding: "base64url", body: "AAAA" }],
    ["info", "jsonText", "core-04 2.3.2", "/body", { encoding: "json", body: ' {"a": 1}\n' }, { encoding: "json", body: "Hello [there]" }],
    ["warning", "bodyAndUrl", "core-04 4.3.10", "/url", { url: AUDIO.url, content_hash: HASH }, {}],
    ["error", "notApplicable", "core-04 4.3.7", "/recording_set", { recording_set: 4 }, {}],
  ],
  "/dialog/2": [
    ["error", "required", "core-04 4.3.11", "/disposition", { disposition: undefined }, { disposition: "failed" }],
    ["error", "value", "core-04 4.3.11", "/disposition", { disposition: "asleep" }, { disposition: "hung-up" }],
    ["error", "notApplicable", "core-04 2.3.1", "/body", TEXT, {}],
    ["error", "notApplicable", "core-04 4.3.16", "/message_id", { message_id: "1" }, {}],
  ],
  "/dialog/3": [
    ["warning", "recommended", "core-04 4.3.14", "/transferor", { transferor: undefined }, {}],
    ["error", "notApplicable", "core-04 4.3.4", "/parties", { parties: [0, 1] }, {}],
    ["info", "undefinedMeaning", "core-04 4.3.3", "/duration", { duration: 5 }, {}],
    ["error", "type", "core-04 4.3.14", "/transfer_target", { transfer_target: [2] }, { transfer_target: 2 }],
    ["error", "indexRange", "core-04 4.3.14", "/consultation", { consultation: 6 }, { consultation: 2 }],
    ["error", "reference", "core-04 4.3.14", "/original", { original: 2 }, { original: 4 }],
    ["warning", "sharedCall", "core-04 4.3.14", "/target_dialog", { target_dialog: 0 }, { target_dialog: 2 }],
  ],
  "/dialog/4": [
    ["error", "required", "core-04 4.3.6", "/recordings", { recordings: undefined }, { recordings: [] }],
    ["error", "indexRange", "core-04 4.3.6", "/recordings/1", { recordings: [5, 6] }, { recordings: [5] }],
    ["error", "reference", "core-04 4.3.6", "/recordings/0", { recordings: [1] }, { recordings: [5] }],
    ["warning", "setNotNamed", "core-04 4.3.7", "/recordings/1", { recordings: [5, 0] }, { recordings: [5] }],
    ["error", "notApplicable", "core-04 4.3.9", "/filename", { filename: "a" }, {}],
  ],
  "/analysis/0": [
    ["error", "required", "core-04 4.5.1", "/type", { type: undefined }, { type: "report" }],
    ["info", "suggestedValue", "core-04 4.5.1", "/type", { type: "mood" }, { type: "sentiment" }],
    ["error", "required", "core-04 4.5.6", "/vendor", { vendor: undefined }, {}],
    ["error", "indexRange", "core-04 4.5.2", "/dialog/1", { dialog: [0, 6] }, { dialog: [0, 5] }],
    ["error", "indexRange", "core-04 4.5.3", "/attachment", { attachment: 3 }, { attachment: 2 }],
    ["error", "type", "core-04 4.5.8", "/schema", { schema: {} }, { schema: "turns" }],
    ["info", "noSource", "core-04 4.5.2", "", { dialog: undefined }, { dialog: undefined, attachment: 0 }],
    ["warning", "recommended", "core-04 4.5.4", "/mediatype", { mediatype: undefined }, { mediatype: undefined, schema: "turns" }],
    ["warning", "noContent", "core-04 4.5.9", "", { body: undefined, encoding: undefined }, {}],
    ["info", "otherDraft", "core-04 2.5", "/vendor_schema", { vendor_schema: "turns" }, {}],
  ],
  "/analysis/1": [
    ["warning", "recommended", "wtf-extension-02 6.1", "/start", { start: undefined }, {}],
    ["error", "value", "wtf-extension-02 6.1", "/encoding", { encoding: "none", body: "Hello" }, {}],
    ["error", "required", "wtf-extension-02 6.1", "/body", { body: undefined, encoding: undefined }, {}],
    ["error", "indexRange", "wtf-extension-02 6.1", "/party", { party: 3 }, { party: 0 }],
  ],
  "/analysis/1/body": [
    ["error", "required", "wtf-extension-02 6.2.1.2", "/segments", { segments: undefined }, { segments: [] }],
    ["error", "uniqueId", "wtf-extension-02 6.2.1.2", "/segments/1/id", { segments: [segment({}), segment({})] }, { segments: [segment({}), segment({ id: 1 })] }],
    ["warning", "indexRange", "wtf-extension-02 6.2.1.2", "/segments/0/words/0", { segments: [segment({ words: [0] })] }, { segments: [segment({ words: [] })] }],
    ["warning", "value", "wtf-extension-02 6.2.2.3", "/quality/audio_quality", { quality: { audio_quality: "good" } }, { quality: { audio_quality: "low" } }],
    ["error", "type", "wtf-extension-02 6.2.2.2", "/speakers/0/segments", { speakers: { 0: speaker({ segments: 1 }) } }, { speakers: { 0: speaker({}) } }],
    ["error", "type", "wtf-extension-02 6.2.2.1", "/words", { words: {} }, { words: [] }],
    ["error", "type", "wtf-extension-02 6.2.2.4", "/extensions/example", { extensions: { example: 1 } }, { extensions: { example: {} } }],
    ["error", "type", "wtf-extension-02 6.2.2.5", "/alternatives/0/rank", { alternatives: [{ rank: 0, confidence: 1, transcript: { text: "", confidence: 1 } }] }, { alternatives: [] }],
    ["error", "type", "wtf-extension-02 6.2.2.6", "/enrichments/topics", { enrichments: { topics: "greeting" } }, { enrichments: { topics: ["greeting"] } }],
    ["error", "type", "wtf-extension-02 6.2.2.7", "/streaming/is_final", { streaming: { is_final: 1 } }, { streaming: { is_final: true } }],
  ],
  "/analysis/1/body/transcript": [
    ["error", "language", "wtf-extension-02 6.2.1.1", "/language", { language: "en_GB" }, { language: "en-GB" }],
    ["error", "type", "wtf-extension-02 6.2.1.1", "/duration", { duration: -1 }, { duration: 0 }],
    ["error", "type", "wtf-extension-02 6.2.1.1", "/confidence", { confidence: 97 }, { confidence: 0.97 }],
  ],
  "/analysis/1/body/segments/0": [
    ["warning", "endAfterStart", "wtf-extension-02 6.2.1.2", "/end", { end: 0 }, { end: 0.1 }],
    ["error", "type", "wtf-extension-02 6.2.1.2", "/speaker", { speaker: 0.5 }, { speaker: "Carol" }],
  ],
  "/analysis/1/body/metadata": [
    ["error", "date", "wtf-extension-02 6.2.1.3", "/created_at", { created_at: "soon" }, {}],
    ["warning", "lowerCase", "wtf-extension-02 6.2.1.3", "/provider", { provider: "Example" }, {}],
  ],
  "/analysis/2": [
    ["error", "required", "agent-session-00 6.1", "/product", { product: undefined }, {}],
    ["error", "value", "agent-session-00 6.3", "/encoding", { encoding: "base64url", body: "AA" }, { encoding: "base64url", body: "AA", schema: "https://example.com/record?encoding=cbor" }],
  ],
  "/attachments/0": [
    ["error", "required", "core-04 4.4.2", "/start", { start: undefined }, {}],
    ["error", "required", "core-04 4.4.3", "/party", { party: undefined }, {}],
    ["error", "required", "core-04 4.4.4", "/dialog", { dialog: undefined }, {}],
    ["error", "indexRange", "core-04 4.4.3", "/party", { party: 3 }, { party: 2 }],
    ["error", "type", "core-04 4.4.1", "/purpose", { purpose: 5 }, { purpose: "offer" }],
    ["error", "required", "core-04 4.4.5", "/mediatype", { mediatype: undefined }, {}],
    ["warning", "noContent", "core-04 4.4.7", "", { body: undefined, encoding: undefined }, {}],
    ["info", "otherDraft", "core-04 2.5", "/type", { type: "offer" }, { purpose: "offer" }],
    ["error", "reference", "agent-session-00 7", "/party", { purpose: "agent_file_change" }, { purpose: "agent_file_change", party: 2 }],
    ["error", "value", "sip-signaling-00 6.1.2", "/mediatype", { purpose: "sip-invite" }, { purpose: "sip-invite", mediatype: "message/sip" }],
    ["error", "value", "sip-signaling-00 7.2", "/mediatype", { purpose: "stir-certificate" }, { purpose: "stir-certificate", mediatype: "application/pkix-cert" }],
    ["warning", "value", "sip-signaling-00 7.3", "/body/result", { purpose: "stir-verification-report", ...JSON_BODY, body: report("fine") }, { purpose: "stir-verification-report", ...JSON_BODY, body: report("stale") }],
    ["warning", "type", "sip-signaling-00 6.4", "/body/Via", { purpose: "sip-headers", ...JSON_BODY, body: { Via: 1 } }, { purpose: "sip-headers", ...JSON_BODY, body: { Via: ["a", "b"] } }],
  ],
  "/attachments/1": [
    ["error", "value", "lawful-basis-02 5.1", "/encoding", { encoding: "none", body: "{}" }, {}],
    ["error", "type", "lawful-basis-02 5.1", "/body", { body: [] }, {}],
  ],
  "/attachments/1/body": [
    ["error", "value", "lawful-basis-02 5.2.1", "/lawful_basis", { lawful_basis: "habit" }, { lawful_basis: "contract" }],
    ["error", "required", "lawful-basis-02 5.2.1", "/expiration", { expiration: undefined }, { expiration: "2027-03-02T09:00:00Z" }],
    ["error", "required", "lawful-basis-02 5.2.3", "/purpose_grants/0/granted", { purpose_grants: [grant({ granted: undefined })] }, { purpose_grants: [grant({})] }],
    ["error", "type", "lawful-basis-02 5.2.2", "/proof_mechanisms", { proof_mechanisms: {} }, { proof_mechanisms: [] }],
    ["error", "hex", "lawful-basis-02 5.2.2", "/content_hash/value", { content_hash: bodyHash("xyz") }, { content_hash: bodyHash("0af9") }],
    ["warning", "https", "lawful-basis-02 5.2.2", "/terms_of_service", { terms_of_service: "terms" }, { terms_of_service: "https://example.com/terms" }],
    ["info", "suggestedValue", "lawful-basis-02 5.2.2", "/registry/type", { registry: { type: "book", url: "https://example.com" } }, { registry: { type: "scitt", url: "https://example.com" } }],
  ],
  "/attachments/2/body": [
    ["error", "requestOrResponse", "sip-signaling-00 6.2.1", "/messages/0/status_code", { messages: [message({ method: "BYE", status_code: 200 })] }, { messages: [message({ status_code: 200 })] }],
    ["error", "indexRange", "sip-signaling-00 6.2.1", "/messages/0/party", { messages: [message({ party: 3 })] }, { messages: [message({ party: 0 })] }],
    ["warning", "recommended", "sip-signaling-00 6.2.1", "/call_id", { call_id: undefined }, {}],
  ],
};

// biome-ignore format: a table is read by its rows
const SIGNED_CASES: Cases = {
  "": [
    ["error", "base64url", "core-04 5.2", "/payload", { payload: "{}" }, {}],
    ["error", "empty", "core-04 5.2", "/signatures", { signatures: [] }, {}],
    ["warning", "unsigned", "core-04 5.2", "", { parties: [] }, {}],
  ],
  "/signatures/0": [
    ["error", "required", "core-04 5.2.1", "/header", { header: undefined }, {}],
    ["error", "required", "core-04 5.2.1", "/protected", { protected: undefined }, {}],
    ["error", "protectedHeader", "core-04 5.2.1", "/protected", { protected: encoded([]) }, {}],
    ["error", "base64url", "core-04 5.2.1", "/signature", { signature: "A+==" }, {}],
    ["error", "required", "core-04 5.2.2", "/header/alg", { protected: encoded({ typ: "JWS" }) }, {}],
    ["error", "notSigned", "core-04 5.2.2", "/protected", { protected: encoded({ alg: "none" }) }, {}],
    ["info", "suggestedValue", "core-04 5.2.2", "/protected", { protected: encoded({ alg: "ES256" }) }, {}],
  ],
  "/signatures/0/header": [
    ["error", "certificates", "core-04 5.2.2", "/x5c", { x5c: undefined }, { x5c: undefined, x5u: "https://example.com/c" }],
    ["error", "https", "core-04 5.2.2", "/x5u", { x5u: "http://example.com/c" }, { x5u: "https://example.com/c" }],
    ["error", "certificate", "core-04 5.2.2", "/x5c/1", { x5c: ["MIIB", "MI-_"] }, { x5c: ["MIIB", "MI+/MA=="] }],
    ["error", "empty", "core-04 5.2.2", "/x5c", { x5c: [] }, {}],
    ["warning", "recommended", "core-04 5.2.2", "/uuid", { uuid: undefined }, {}],
    ["error", "uuid", "core-04 5.2.2", "/uuid", { uuid: "17" }, {}],
    ["error", "disjointHeaders", "RFC 7515 7.2.1", "/alg", { alg: "RS256" }, { typ: "JWS" }],
  ],
};

// biome-ignore format: a table is read by its rows
const ENCRYPTED_CASES: Cases = {
  "": [
    ["error", "required", "core-04 5.3", "/iv", { iv: undefined }, {}],
    ["error", "required", "core-04 5.3", "/tag", { tag: undefined }, {}],
    ["error", "required", "core-04 5.3", "/ciphertext", { cyphertext: "AAAA", ciphertext: undefined }, {}],
    ["error", "empty", "core-04 5.3", "/recipients", { recipients: [] }, {}],
    ["warning", "recommended", "core-04 5.3", "/unprotected", { unprotected: undefined }, {}],
    ["warning", "unencrypted", "core-04 5.3", "", { subject: "Claim" }, { aad: "AAAA" }],
    ["error", "required", "core-04 5.3.1", "/unprotected/enc", { protected: encoded({ alg: "RSA-OAEP" }) }, {}],
    ["info", "suggestedValue", "core-04 5.3.1", "/protected", { protected: encoded({ alg: "RSA-OAEP", enc: "A256GCM" }) }, {}],
    ["error", "required", "core-04 5.3.3", "/recipients/0/header/alg", { protected: encoded({ enc: "A256CBC-HS512" }) }, {}],
  ],
  "/unprotected": [
    ["warning", "recommended", "core-04 5.3.1", "/uuid", { uuid: undefined }, {}],
    ["info", "suggestedValue", "core-04 5.3.1", "/cty", { cty: "application/vcon+json" }, { cty: "application/vcon+gzip" }],
    ["error", "disjointHeaders", "RFC 7516 7.2.1", "/enc", { enc: "A256CBC-HS512" }, {}],
  ],
  "/recipients/0": [
    ["error", "disjointHeaders", "RFC 7516 7.2.1", "/header/alg", { header: { alg: "RSA-OAEP" } }, { header: { kid: "1" } }],
    ["error", "base64url", "core-04 5.3.2", "/encrypted_key", { encrypted_key: "=" }, {}],
  ],
};

function history(members: Members): Members {
  return { party: 0, time: "2026-03-02T09:00:00Z", event: "join", ...members };
}

function segment(members: Members): Members {
  return { id: 0, start: 0, end: 1, text: "Hello", confidence: 1, ...members };
}

function speaker(members: Members): Members {
  return { id: 0, label: "Carol", segments: [0], total_time: 1, confidence: 1, ...members };
}

function report(result: string): Members {
  return { verifier: "example", timestamp: "2026-03-02T09:00:00Z", result };
}

function grant(members: Members): Members {
  return { purpose: "recording", granted: true, granted_at: "2026-03-02T09:00:00Z", ...members };
}

function bodyHash(value: string): Members {
  return { algorithm: "sha-256", canonicalization: "jcs", value };
}

function message(members: Members): Members {
  return { timestamp: "2026-03-02T09:00:00Z", direction: "sent", ...members };
}

/** A copy in which the object at the pointer has these members; undefined ones are dropped. */
function patched(sound: object, pointer: string, members: Members): unknown {
  const copy = structuredClone(sound);
  const steps = pointer.split("/").slice(1);
  const object = steps.reduce<Members>((value, step) => value[step] as Members, copy as Members);
  Object.assign(object, members);
  return JSON.parse(JSON.stringify(copy));
}

function findingsAt(value: unknown, pointer: string, rule: string): Finding[] {
  return validateVcon(value).filter((finding) => finding.pointer === pointer && finding.rule === rule);
}

describe.each([
  ["an unsigned vCon", SOUND, CASES],
  ["a signed vCon", SIGNED, SIGNED_CASES],
  ["an encrypted vCon", ENCRYPTED, ENCRYPTED_CASES],
])("%s", (_, sound, cases) => {
  it("that is sound has no findings", () => {
    expect(validateVcon(sound)).toEqual([]);
  });

  const rows = Object.entries(cases).flatMap(([place, list]) =>
    list.map(([level, rule, section, at, wrong, right]) => {
      const fault = { level, rule, section, pointer: `${place}${at}` };
      return { fault, wrong: patched(sound, place, wrong), right: patched(sound, place, right) };
    }),
  );

  it.each(rows)("$fault.rule ($fault.level) at $fault.pointer", ({ fault, wrong, right }) => {
    expect(findingsAt(wrong, fault.pointer, fault.rule)).toEqual([
      { ...fault, message: expect.stringMatching(/^[A-Z`].*\.$/) },
    ]);
    expect(findingsAt(right, fault.pointer, fault.rule)).toEqual([]);
  });
});

describe("a call that a SIP trace is of", () => {
  it("is the one that the dialog names", () => {
    const dialog = { sip_call_id: "other@example.com" };
    const wrong = patched(SOUND, "/dialog/0", dialog);
    expect(findingsAt(wrong, "/attachments/2/body/call_id", "callId")).toMatchObject([{ level: "error" }]);
    const right = patched(SOUND, "/dialog/0", { sip_call_id: "call@example.com" });
    expect(validateVcon(right)).toEqual([]);
  });
});

describe("the members that are core's to the reader", () => {
  it.each([
    ["parties", PARTY_MEMBERS],
    ["dialog", DIALOG_MEMBERS],
    ["attachments", ATTACHMENT_MEMBERS],
    ["analysis", ANALYSIS_MEMBERS],
  ])("are known in %s", (section, names) => {
    const element = Object.fromEntries(names.map((name) => [name, null]));
    const findings = validateVcon({ uuid: UUID, [section]: [element] });
    expect(findings.filter(({ rule }) => rule === "unknownMember" || rule === "otherDraft")).toEqual([]);
  });
});

describe("what is no vCon", () => {
  it.each([undefined, null, 5, "vcon", [], [{}]])("%j is one error", (value) => {
    expect(validateVcon(value)).toMatchObject([
      { level: "error", pointer: "", rule: "type", section: "core-04 3" },
    ]);
  });
});
