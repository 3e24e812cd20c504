/** Makes a vCon out of any message, by a mapping that is filled in without code. */
import { isDate } from "node:util/types";
import {
  addAttachment,
  addDialog,
  addParty,
  buildNew,
  type Dialog,
  encodeBase64Url,
  type JsonObject,
  type Party,
  readDate,
  type Vcon,
} from "../../../core/index.ts";
import { adapter, type ConfigOf, choice, rows, StepError, text, typed } from "../../kit/index.ts";

const whenMessages = { shownWhen: { content: "messages" } };
const whenOne = { shownWhen: { content: ["text", "recording"] } };

const fields = {
  conversation: typed({
    label: "Conversation",
    icon: "key",
    types: ["msg", "jsonata", "str"],
    hint: "its name in the source; the same name twice makes one vCon",
  }),
  subject: typed({ label: "Subject", icon: "comment-o", types: ["str", "msg", "jsonata"] }),
  began: typed({ label: "Began at", icon: "clock-o", types: ["msg", "jsonata", "str"] }),
  parties: rows(
    {
      role: choice({ customer: "Customer", agent: "Agent", other: "Other" }, { label: "Role" }),
      name: typed({ label: "Name" }),
      tel: typed({ label: "Telephone" }),
      mailto: typed({ label: "E-mail" }),
    },
    { label: "Parties", icon: "users", item: "party" },
  ),
  content: choice(
    { messages: "Messages", text: "One text", recording: "A recording", nothing: "Nothing" },
    { label: "Content", icon: "comments-o" },
  ),
  messages: typed({
    label: "Messages",
    icon: "list",
    types: ["msg", "jsonata"],
    default: "msg:payload.messages",
    ...whenMessages,
  }),
  messageText: text({ label: "Text member", icon: "font", default: "text", ...whenMessages }),
  messageTime: text({ label: "Time member", icon: "clock-o", default: "at", ...whenMessages }),
  messageSender: text({
    label: "Sender member",
    icon: "user",
    default: "from",
    hint: "compared with each party's role, name, e-mail and telephone",
    ...whenMessages,
  }),
  body: typed({
    label: "From",
    icon: "file-o",
    types: ["msg", "jsonata"],
    default: "msg:payload",
    hint: "a text; for a recording its bytes or its https address",
    ...whenOne,
  }),
  mediatype: text({
    label: "Media type",
    icon: "file-audio-o",
    default: "audio/x-wav",
    shownWhen: { content: "recording" },
  }),
  source: text({ label: "Source", icon: "plug", default: "Node-RED", hint: "the system, noted in the vCon" }),
};
type Config = ConfigOf<typeof fields>;

export default adapter({
  type: "vcon-create",
  label: "create vCon",
  icon: "vcon-create.svg",
  fields,
  source: ({ config }) => {
    const conversation = textOf(config.conversation, "Conversation");
    // Two systems may both have a conversation of that name.
    return conversation === undefined ? undefined : JSON.stringify([config.source, conversation]);
  },
  run: ({ config, uuid }) => {
    const subject = textOf(config.subject, "Subject");
    const vcon = buildNew({
      uuid,
      ...(subject === undefined ? {} : { subject }),
      created_at: dateOf(config.began, "Began at"),
    });
    for (const party of config.parties) addParty(vcon, partyOf(party));
    addContent(vcon, config);
    addAttachment(vcon, {
      purpose: "ingress_info",
      mediatype: "application/json",
      encoding: "json",
      body: { source: config.source, converted_at: new Date().toISOString() },
    });
    return vcon;
  },
});

function partyOf({ role, name, tel, mailto }: Config["parties"][number]): Party {
  const known = {
    tel: textOf(tel, "Telephone"),
    mailto: textOf(mailto, "E-mail"),
    name: textOf(name, "Name"),
  };
  const filled = Object.entries(known).filter(([, value]) => value !== undefined);
  return { role, ...Object.fromEntries(filled), ...(known.name === undefined ? {} : { validation: "none" }) };
}

function addContent(vcon: Vcon, config: Config): void {
  const start = vcon.created_at;
  const parties = (vcon.parties ?? []).map((_, index) => index);
  switch (config.content) {
    case "messages":
      for (const message of messagesIn(config.messages))
        addDialog(vcon, messageDialog(vcon, message, config));
      break;
    case "text":
      if (typeof config.body !== "string")
        throw new StepError(`"From" holds no text.`, { code: "BAD_INPUT" });
      addDialog(vcon, {
        type: "text",
        start,
        parties,
        mediatype: "text/plain",
        encoding: "none",
        body: config.body,
      });
      break;
    case "recording":
      addDialog(vcon, {
        type: "recording",
        start,
        parties,
        mediatype: config.mediatype,
        ...recordingContent(config.body),
      });
      break;
    default:
  }
}

function messagesIn(value: unknown): JsonObject[] {
  if (Array.isArray(value) && value.every((message) => typeof message === "object" && message !== null))
    return value;
  throw new StepError(`"Messages" holds no list of messages.`, { code: "BAD_INPUT" });
}

function messageDialog(vcon: Vcon, message: JsonObject, config: Config): Dialog {
  return {
    type: "text",
    start: dateOf(message[config.messageTime], "Time member") ?? vcon.created_at,
    ...partiesOf(vcon.parties ?? [], textOf(message[config.messageSender], "Sender member")),
    mediatype: "text/plain",
    encoding: "none",
    body: textOf(message[config.messageText], "Text member") ?? "",
  };
}

/** The first party of a dialog is the one that it comes from, so a stranger's message names none. */
function partiesOf(parties: readonly Party[], sender: string | undefined): Pick<Dialog, "parties"> {
  const everyone = parties.map((_, index) => index);
  if (sender === undefined) return { parties: everyone };
  const from = parties.findIndex(({ role, name, mailto, tel }) => [role, name, mailto, tel].includes(sender));
  return from < 0 ? {} : { parties: [from, ...everyone.filter((index) => index !== from)] };
}

function recordingContent(value: unknown): Partial<Dialog> {
  if (Buffer.isBuffer(value) && value.length > 0)
    return { encoding: "base64url", body: encodeBase64Url(value) };
  if (typeof value === "string" && URL.parse(value)?.protocol === "https:") return { url: value };
  throw new StepError(`"From" holds neither the bytes of a recording nor its https address.`, {
    code: "BAD_INPUT",
  });
}

/** In RFC 3339; undefined where the field holds nothing. */
function dateOf(value: unknown, field: string): string | undefined {
  if (isNothing(value)) return undefined;
  // A Date's own text is in none of the forms that are read, its number is.
  const date = readDate(isDate(value) ? value.getTime() : value);
  if (date === undefined)
    throw new StepError(`"${field}" holds no date that can be read.`, { code: "BAD_INPUT" });
  return date;
}

/** Undefined where the field holds nothing. */
function textOf(value: unknown, field: string): string | undefined {
  if (isNothing(value)) return undefined;
  if (typeof value === "object")
    throw new StepError(`"${field}" holds an object or a list where a text belongs.`, { code: "BAD_INPUT" });
  return String(value);
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}
