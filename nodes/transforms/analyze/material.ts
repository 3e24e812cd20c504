/** What of a vCon goes to the model. */
import {
  bodyValue,
  type Content,
  dialogText,
  type Held,
  isTranscript,
  type JsonObject,
  type Part,
  type Party,
  TRANSCRIPT_PARTS,
  tagsOf,
  type VconView,
} from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";
import { conversationIn, type Found } from "./conversation.ts";
import type { Item } from "./divide.ts";
import type { Config } from "./fields.ts";

export interface Material {
  /** The dialogs and attachments that it comes from, by their indexes. */
  dialog: number[];
  attachment: number[];
  /** Which categories of data are in it, for the trail. */
  categories: string[];
  /** What is not said or written in the conversation: subject, parties, tags. */
  context: JsonObject;
  items: Item[];
}

interface Context {
  members: JsonObject;
  categories: string[];
}

type Chosen = Pick<Config, "parts" | "analyses" | "attachments">;

const READS: Record<Config["parts"][number], readonly Part[]> = {
  transcript: ["parties", "dialog:recording", ...TRANSCRIPT_PARTS],
  messages: ["parties", "dialog:text"],
  head: ["head"],
  parties: ["parties"],
  tags: ["attachments:tags"],
};

export function partsOfMaterial(config: Config): Part[] {
  const { parts, analyses, attachments } = chosenIn(config);
  return [
    ...parts.flatMap((part) => READS[part]),
    ...analyses.map((type): Part => `analysis:${type}`),
    ...attachments.map((purpose): Part => `attachments:${purpose}`),
  ];
}

/** One for the whole conversation, or one for each dialog; none where there is nothing to analyse. */
export async function materialsIn(vcon: VconView, config: Config): Promise<Material[]> {
  const chosen = chosenIn(config);
  const context = await contextIn(vcon, chosen);
  const found = await foundIn(vcon, chosen);
  if (config.of === "dialog") return dialogsIn(found).map((own) => together(own, context));
  // Subject, parties and tags alone are analysed only where nothing else was asked for.
  const isSomething = isContextAlone(chosen) ? context.categories.length > 0 : found.length > 0;
  return isSomething ? [together(found, context)] : [];
}

function chosenIn({ over, parts, analyses, attachments }: Config): Chosen {
  if (over === "said") return { parts: ["transcript", "messages"], analyses: [], attachments: [] };
  if (parts.length + analyses.length + attachments.length === 0) {
    throw new StepError('"Parts" is not set. Open the node and set it.', { code: "NOT_CONFIGURED" });
  }
  return { parts, analyses, attachments };
}

function isContextAlone({ parts, analyses, attachments }: Chosen): boolean {
  const isSaid = parts.includes("transcript") || parts.includes("messages");
  return !isSaid && analyses.length === 0 && attachments.length === 0;
}

/** What was found, by the first dialog that it is about. */
function dialogsIn(found: readonly Found[]): Found[][] {
  const about = found.filter(({ dialog }) => dialog.length > 0);
  const byDialog = Map.groupBy(about, ({ dialog }) => dialog[0]!);
  return [...byDialog].sort(([one], [other]) => one - other).map(([, own]) => own);
}

function together(found: readonly Found[], { members, categories }: Context): Material {
  return {
    dialog: sorted(found.flatMap(({ dialog }) => dialog)),
    attachment: sorted(found.flatMap(({ attachment }) => attachment ?? [])),
    categories: [...new Set([...found.flatMap((one) => one.categories), ...categories])],
    context: members,
    items: found.map(({ item }) => item),
  };
}

function sorted(indexes: readonly number[]): number[] {
  return [...new Set(indexes)].sort((one, other) => one - other);
}

async function foundIn(vcon: VconView, { parts, analyses, attachments }: Chosen): Promise<Found[]> {
  const [transcripts, messages] = [parts.includes("transcript"), parts.includes("messages")];
  return [
    ...(transcripts || messages ? await conversationIn(vcon, { transcripts, messages }) : []),
    ...(analyses.length > 0 ? await analysesIn(vcon, analyses) : []),
    ...(attachments.length > 0 ? await attachmentsIn(vcon, attachments) : []),
  ];
}

async function analysesIn({ analysis }: VconView, types: readonly string[]): Promise<Found[]> {
  const found: Found[] = [];
  for (const element of analysis.values()) {
    const text = types.includes(element.type) ? await textOf(element) : undefined;
    if (text === undefined) continue;
    const dialog = [element.dialog ?? []].flat();
    found.push({
      item: { analysis: element.type, text },
      dialog,
      categories: [isTranscript(element) ? "transcript" : element.type],
    });
  }
  return found;
}

async function attachmentsIn({ attachments }: VconView, purposes: readonly string[]): Promise<Found[]> {
  const found: Found[] = [];
  for (const [attachment, element] of attachments) {
    const purpose = String(element.purpose ?? element["type"]);
    const text = purposes.includes(purpose) ? await textOf(element) : undefined;
    if (text === undefined) continue;
    const dialog = typeof element.dialog === "number" ? [element.dialog] : [];
    found.push({ item: { attachment: purpose, text }, dialog, attachment, categories: ["attachments"] });
  }
  return found;
}

/** A text as it is, any other value as JSON; undefined for what is no text, or lies elsewhere. */
async function textOf(content: Held<Content>): Promise<string | undefined> {
  const body = await bodyValue(content);
  const text = typeof body === "string" ? dialogText({ ...content, body }) : JSON.stringify(body);
  return text?.trim() === "" ? undefined : text;
}

async function contextIn(vcon: VconView, { parts }: Chosen): Promise<Context> {
  const members: JsonObject = {};
  const categories: string[] = [];
  const add = (category: string, member: JsonObject) => {
    Object.assign(members, member);
    categories.push(category);
  };
  if (parts.includes("head")) {
    members["began"] = vcon.head.created_at;
    if (vcon.head.subject) add("subject", { subject: vcon.head.subject });
  }
  if (parts.includes("parties") && vcon.parties.length > 0) {
    add("parties", { parties: vcon.parties.map(described) });
  }
  const tags = parts.includes("tags") ? await tagsOf(vcon) : [];
  if (tags.length > 0) add("tags", { tags });
  return { members, categories };
}

const PARTY_MEMBERS = ["name", "role", "type", "org", "dept", "tel", "mailto", "sip"];

function described(party: Party): JsonObject {
  const members = PARTY_MEMBERS.map((member) => [member, party[member]]);
  return Object.fromEntries(members.filter(([, value]) => typeof value === "string"));
}
