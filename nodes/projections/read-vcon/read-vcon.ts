/** Puts parts of a vCon on the message, for flows that want to see them. */
import {
  bodyValue,
  type Content,
  type Held,
  isTranscript,
  LargeBody,
  type Part,
  parseTag,
  TRANSCRIPT_PARTS,
  tagsOf,
  transcriptText,
  type VconView,
} from "../../../core/index.ts";
import { projection, several, text, toggle } from "../../kit/index.ts";

const READS = {
  head: ["head"],
  parties: ["parties"],
  dialog: ["dialog"],
  analysis: ["analysis"],
  attachments: ["attachments"],
  transcript: TRANSCRIPT_PARTS,
  tags: ["attachments:tags"],
} satisfies Record<string, readonly Part[]>;

export default projection({
  type: "vcon-read",
  label: "read vCon",
  icon: "vcon-read.svg",
  fields: {
    parts: several(
      {
        head: "Times and subject",
        parties: "Parties",
        dialog: "Dialog",
        analysis: "Analysis",
        attachments: "Attachments",
        transcript: "Transcript, as text",
        tags: "Tags, as an object",
      },
      { label: "Parts", icon: "list", default: ["head", "parties"], required: true },
    ),
    large: toggle({
      label: "Large bodies",
      icon: "file-audio-o",
      hint: "also those above 64 kB, such as recordings",
    }),
    property: text({ label: "Into msg.", icon: "envelope-o", default: "vcon", required: true }),
  },
  reads: ({ parts }) => parts.flatMap((part) => READS[part] as readonly Part[]),
  run: async ({ vcon, config }) => {
    const shown: Record<string, unknown> = { uuid: vcon.uuid };
    for (const part of config.parts) Object.assign(shown, await SHOW[part](vcon, config.large));
    return { message: { [config.property]: shown } };
  },
});

const SHOW: Record<keyof typeof READS, (vcon: VconView, large: boolean) => object | Promise<object>> = {
  head: (vcon) => vcon.head,
  parties: ({ parties }) => ({ parties }),
  dialog: async ({ dialog }, large) => ({ dialog: await elements(dialog, large) }),
  analysis: async ({ analysis }, large) => ({ analysis: await elements(analysis, large) }),
  attachments: async ({ attachments }, large) => ({ attachments: await elements(attachments, large) }),
  transcript: async ({ analysis }) => ({ transcript: await transcriptOf(analysis) }),
  tags: async (vcon) => ({ tags: await tagsByName(vcon) }),
};

async function elements(section: ReadonlyMap<number, Held<Content>>, large: boolean): Promise<object[]> {
  const shown: object[] = [];
  for (const [index, element] of section) {
    const { body, ...rest } = element;
    const left = body === undefined || (body instanceof LargeBody && !large);
    shown[index] = left ? rest : { ...rest, body: await bodyValue(element) };
  }
  return shown;
}

async function transcriptOf(analyses: VconView["analysis"]): Promise<string> {
  const texts: string[] = [];
  for (const analysis of analyses.values()) {
    if (!isTranscript(analysis)) continue;
    const text = transcriptText({ ...analysis, body: await bodyValue(analysis) });
    if (text !== undefined) texts.push(text);
  }
  return texts.join("\n");
}

async function tagsByName(vcon: VconView): Promise<Record<string, string>> {
  const tags = (await tagsOf(vcon)).map(parseTag);
  return Object.fromEntries(tags.map(({ name, value }) => [name, value]));
}
