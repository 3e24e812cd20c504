/** Turns the recordings of a vCon into transcripts. */
import {
  bodyValue,
  type Dialog,
  decodeBase64Url,
  displayName,
  type Held,
  mediatypeOf,
  type Party,
  type VconView,
  WTF_EXTENSION,
  wtfAnalysis,
} from "../../../core/index.ts";
import { choice, StepError, service, text, transform } from "../../kit/index.ts";
import { deepgram } from "./deepgram.ts";
import { openai } from "./openai.ts";
import { type Account, type Audio, type Speaker, toWtf } from "./speech.ts";

const VENDORS = { deepgram, openai };
const whenDeepgram = { shownWhen: { vendor: "deepgram" } };
const whenOpenai = { shownWhen: { vendor: "openai" } };

export default transform({
  type: "vcon-transcribe",
  label: "transcribe",
  icon: "vcon-transcribe.svg",
  outside: true,
  fields: {
    vendor: choice(
      { deepgram: "Deepgram", openai: "OpenAI, or a Whisper that speaks its interface" },
      { label: "Service", icon: "cloud" },
    ),
    deepgram: service<Account>("vcon-deepgram", { label: "Account", icon: "key", ...whenDeepgram }),
    openai: service<Account>("vcon-openai", { label: "Account", icon: "key", ...whenOpenai }),
    deepgramModel: text({ label: "Model", icon: "cogs", default: "nova-3", required: true, ...whenDeepgram }),
    openaiModel: text({ label: "Model", icon: "cogs", default: "whisper-1", required: true, ...whenOpenai }),
    language: text({
      label: "Language",
      icon: "language",
      placeholder: "en",
      hint: "empty: the service finds out",
    }),
  },
  reads: ["parties", "dialog:recording", `analysis:${WTF_EXTENSION}`],
  run: async function* ({ vcon, config, outside }) {
    const { vendor, system, transcribe } = VENDORS[config.vendor];
    const openAccount = config.vendor === "deepgram" ? config.deepgram : config.openai;
    const model = config.vendor === "deepgram" ? config.deepgramModel : config.openaiModel;
    for (const [index, dialog] of vcon.dialog) {
      if (isTranscribed(vcon, index, vendor, model)) continue;
      const audio = await audioOf(dialog);
      if (audio === undefined) continue;
      const account = await openAccount();
      const byChannel = speakers(dialog, vcon.parties);
      const request = { audio, model, language: config.language, channels: byChannel.length > 1 };
      const recipient = {
        vendor,
        product: model,
        host: URL.parse(account.url)?.host ?? "",
        categories: ["recording"],
      };
      const heard = await outside(system, (signal) => transcribe(account, request, signal), recipient);
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

function isTranscribed({ analysis }: VconView, dialog: number, vendor: string, product: string): boolean {
  return [...analysis.values()].some(
    (known) => known.vendor === vendor && known.product === product && [known.dialog].flat().includes(dialog),
  );
}

/** The audio of a dialog; undefined where it has none, as after a redaction. */
async function audioOf(dialog: Held<Dialog>): Promise<Audio | undefined> {
  const body = await bodyValue(dialog);
  if (typeof body === "string" && body !== "") {
    const bytes = decoded(body);
    const mediatype = mediatypeOf(dialog) ?? "application/octet-stream";
    return { bytes, mediatype, filename: dialog.filename ?? "" };
  }
  if (dialog.url === undefined) return undefined;
  if (URL.parse(dialog.url)?.protocol === "https:") return { url: dialog.url };
  throw new StepError("The recording's address in the vCon is not https. Store the recording in the vCon.", {
    code: "RECORDING_NOT_ALLOWED",
  });
}

function decoded(body: string): Buffer {
  try {
    return decodeBase64Url(body);
  } catch {
    throw new StepError("The recording in the vCon is not base64url, so there is nothing to transcribe.", {
      code: "RECORDING_CORRUPT",
    });
  }
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
