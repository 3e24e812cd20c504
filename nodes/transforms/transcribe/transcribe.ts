/** Turns the recordings of a vCon into transcripts. */
import {
  type Dialog,
  displayName,
  type Held,
  type Party,
  type VconView,
  WTF_EXTENSION,
  wtfAnalysis,
} from "../../../core/index.ts";
import { type ConfigOf, choice, service, text, toggle, transform } from "../../kit/index.ts";
import { type DeepgramAccount, deepgramAt } from "./deepgram.ts";
import { type OpenaiAccount, openaiAt } from "./openai.ts";
import { recordingOf } from "./recording.ts";
import { type Speaker, type SpeechService, toWtf } from "./speech.ts";

const whenDeepgram = { shownWhen: { vendor: "deepgram" } };
const whenOpenai = { shownWhen: { vendor: "openai" } };

const fields = {
  vendor: choice(
    { deepgram: "Deepgram", openai: "OpenAI, or a Whisper that speaks its interface" },
    { label: "Service", icon: "cloud" },
  ),
  deepgram: service<DeepgramAccount>("vcon-deepgram", { label: "Account", icon: "key", ...whenDeepgram }),
  openai: service<OpenaiAccount>("vcon-openai", { label: "Account", icon: "key", ...whenOpenai }),
  deepgramModel: text({ label: "Model", icon: "cogs", default: "nova-3", required: true, ...whenDeepgram }),
  openaiModel: text({ label: "Model", icon: "cogs", default: "whisper-1", required: true, ...whenOpenai }),
  language: text({
    label: "Language",
    icon: "language",
    placeholder: "en",
    hint: "empty: the service finds out",
  }),
  ownNetwork: toggle({
    label: "Own network",
    icon: "sitemap",
    hint: "also fetch recordings over http and from private addresses",
  }),
};

export default transform({
  type: "vcon-transcribe",
  label: "transcribe",
  icon: "vcon-transcribe.svg",
  outside: true,
  // An hour of speech takes a service of one's own some minutes.
  timeLimit: 300,
  fields,
  reads: ["parties", "dialog:recording", `analysis:${WTF_EXTENSION}`],
  run: async function* ({ vcon, config, outside }) {
    const { model, vendors, open } = chosenIn(config);
    for (const [index, dialog] of vcon.dialog) {
      if (isTranscribed(vcon, index, vendors, model)) continue;
      const audio = await recordingOf(dialog, { ownNetwork: config.ownNetwork, outside });
      if (audio === undefined) continue;
      const speech = await open();
      const { vendor, system, host } = speech;
      const byChannel = speakers(dialog, vcon.parties);
      const request = { audio, model, language: config.language, channels: byChannel.length > 1 };
      const recipient = { vendor, product: model, host, categories: ["recording"] };
      const heard = await outside(system, (signal) => speech.transcribe(request, signal), recipient);
      const body = toWtf(heard, vendor, model, byChannel);
      yield {
        add: {
          analysis: [wtfAnalysis({ body, vendor, product: model, dialog: index })],
          extensions: [WTF_EXTENSION],
        },
      };
    }
  },
});

interface Chosen {
  model: string;
  /** Whose transcripts by this model count as this service's. */
  vendors: readonly string[];
  open(): Promise<SpeechService>;
}

function chosenIn(config: ConfigOf<typeof fields>): Chosen {
  return config.vendor === "deepgram"
    ? {
        model: config.deepgramModel,
        vendors: ["deepgram"],
        open: async () => deepgramAt(await config.deepgram()),
      }
    : {
        model: config.openaiModel,
        vendors: ["openai", "azure"],
        open: async () => openaiAt(await config.openai()),
      };
}

function isTranscribed(
  { analysis }: VconView,
  dialog: number,
  vendors: readonly string[],
  model: string,
): boolean {
  return [...analysis.values()].some(
    ({ vendor = "", product, dialog: heard }) =>
      vendors.includes(vendor) && product === model && [heard].flat().includes(dialog),
  );
}

/** Who speaks on which channel: a recording of several channels has one entry a channel in `parties`. */
function speakers({ parties }: Held<Dialog>, known: readonly Party[]): Speaker[] {
  if (!Array.isArray(parties) || parties.length < 2) return [];
  return parties.map((index, channel) => {
    if (typeof index !== "number") return { id: `channel ${channel}`, label: `Channel ${channel}` };
    const party = known[index] ?? {};
    return { id: index, label: displayName(party) ?? party.role ?? `Party ${index}` };
  });
}
