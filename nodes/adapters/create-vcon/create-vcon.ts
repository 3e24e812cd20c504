/** Makes a vCon out of any message, by a mapping that is filled in without code. */
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
    hint: "its name where it comes from; the same name twice makes one vCon",
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
  messageText: text({ label: "Text in", icon: "font", default: "text", ...whenMessages }),
  messageTime: text({ label: "Time in", icon: "clock-o", default: "at", ...whenMessages }),
  messageSender: text({
    label: "Sender in",
    icon: "user-o",
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
  source: ({ config }) => nonEmpty(config.conversation),
  run: ({ config, uuid }) => {
    const began = nonEmpty(config.began);
    const vcon = buildNew({
      uuid,
      subject: nonEmpty(config.subject),
      created_at: began && dateOf(began, "Began at"),
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
  const party: Party = { role };
  if (nonEmpty(tel)) party.tel = nonEmpty(tel)!;
  if (nonEmpty(mailto)) party.mailto = nonEmpty(mailto)!;
  if (nonEmpty(name)) Object.assign(party, { name: nonEmpty(name)!, validation: "none" });
  return party;
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
  const everyone = (vcon.parties ?? []).map((_, index) => index);
  const sender = senderIndex(vcon.parties ?? [], message[config.messageSender]);
  const time = nonEmpty(message[config.messageTime]);
  return {
    type: "text",
    start: time ? dateOf(time, "Time in") : vcon.created_at,
    // The first party of a dialog is the one that it comes from.
    parties: sender < 0 ? everyone : [sender, ...everyone.filter((index) => index !== sender)],
    mediatype: "text/plain",
    encoding: "none",
    body: String(message[config.messageText] ?? ""),
  };
}

function senderIndex(parties: readonly Party[], sender: unknown): number {
  return parties.findIndex(({ role, name, mailto, tel }) =>
    [role, name, mailto, tel].includes(String(sender)),
  );
}

function recordingContent(value: unknown): Partial<Dialog> {
  if (Buffer.isBuffer(value) && value.length > 0)
    return { encoding: "base64url", body: encodeBase64Url(value) };
  if (typeof value === "string" && value.startsWith("https://")) return { url: value };
  throw new StepError(`"From" holds neither the bytes of a recording nor its https address.`, {
    code: "BAD_INPUT",
  });
}

function dateOf(value: string, field: string): string {
  const date = readDate(value);
  if (date === undefined)
    throw new StepError(`"${field}" holds no date that can be read.`, { code: "BAD_INPUT" });
  return date;
}

function nonEmpty(value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "object" ? undefined : String(value);
}
