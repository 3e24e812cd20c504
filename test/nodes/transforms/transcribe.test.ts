import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  type Analysis,
  addParty,
  contentHash,
  type Dialog,
  TRANSCRIPT_TYPES,
  transcriptTurns,
  type Vcon,
  type WtfBody,
} from "../../../core/index.ts";
import { startDeepgramStandIn } from "../../../flows/stand-ins/deepgram.ts";
import type { Recording, Turn } from "../../../flows/stand-ins/recordings.ts";
import type { StandIn } from "../../../flows/stand-ins/stand-in.ts";
import { recordingFile, transcripts } from "../../stand-ins/conversations.ts";
import { startOpenAiAudioStandIn } from "../../stand-ins/openai-audio.ts";
import { ends, type FlowNode } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { call, chat, inline, stored, storeNode } from "../../support/vcons.ts";

/** Recordings beside the demo's: told by their bytes, spoken as the table says. */
const mono = Buffer.from("ID3 two voices on one channel");
const hurried = Buffer.from("ID3 a word without a length");
const silent = Buffer.from("ID3 nobody speaks");
const table: Recording[] = [
  ...transcripts,
  recording(mono, [turn(0, 1, 2, "Good morning."), turn(0, 3, 4, "How are you?")]),
  recording(hurried, [turn(0, 1, 1, "Recall!"), turn(0, 2, 3, "Thank you.")]),
  recording(silent, []),
];

function recording(bytes: Buffer, turns: Turn[]): Recording {
  return { sha256: createHash("sha256").update(bytes).digest("hex"), duration: 5, turns };
}
function turn(channel: number, start: number, end: number, text: string): Turn {
  const words = text.split(" ").map((punctuated_word) => ({
    word: punctuated_word.toLowerCase().replace(/\W/g, ""),
    punctuated_word,
    start,
    end,
    confidence: 0.9,
  }));
  return { channel, start, end, text, words };
}

const { nodeRed, store } = await nodeRedForFile();
let deepgram: StandIn;
let openai: StandIn;
beforeAll(async () => {
  deepgram = await startDeepgramStandIn({ key: "deepgram key", transcripts: table });
  openai = await startOpenAiAudioStandIn({ key: "openai key", transcripts: table });
});
afterAll(async () => {
  await deepgram.close();
  await openai.close();
});
beforeEach(() => {
  deepgram.requests.length = 0;
  openai.requests.length = 0;
});

interface Answer {
  status?: number;
  headers?: Record<string, string>;
}

/** A server that has one recording, with what it was asked for. What it first answers may be something else. */
async function recordings(bytes: Buffer, first: Answer = {}) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { status = 200, headers } = asked.length === 0 ? first : {};
    asked.push(request.url!);
    response.writeHead(status, { "content-type": "audio/mpeg", ...headers }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/1.mp3?signature=secret`, asked };
}

async function deploy(settings: object = {}, url = deepgram.url, openaiAccount: object = {}) {
  const transcribe: FlowNode = {
    id: "node",
    type: "vcon-transcribe",
    name: "to text",
    store: "store",
    vendor: "deepgram",
    deepgram: "deepgram",
    openai: "openai",
    deepgramModel: "nova-3",
    openaiModel: "whisper-1",
    language: "",
    timeLimit: 1,
    wires: [["out"]],
    ...settings,
  };
  await nodeRed.deploy(
    [
      storeNode,
      { id: "deepgram", type: "vcon-deepgram", url },
      { id: "openai", type: "vcon-openai", url: `${openai.url}/v1`, ...openaiAccount },
      transcribe,
      ...ends,
    ],
    { deepgram: { apiKey: "deepgram key" }, openai: { apiKey: "openai key" } },
  );
}
const withOpenai = (openaiModel = "whisper-1", more: object = {}) => ({
  vendor: "openai",
  openaiModel,
  ...more,
});

/** Sends the vCon through and gives it as it then is. */
async function transcribed(vcon: Vcon): Promise<Vcon> {
  const payload = await stored(store, vcon);
  const { at, message } = await nodeRed.through("node", { payload });
  expect(at, message.error?.message ?? "").toBe("out");
  expect(message.payload).toBe(payload);
  return (await store.get(payload)) as Vcon;
}

/** The error that comes of it, and the vCon untouched. */
async function refused(vcon: Vcon) {
  const payload = await stored(store, vcon);
  const { at, message } = await nodeRed.through("node", { payload });
  expect(at).toBe("failure");
  expect(await store.get(payload)).toEqual(vcon);
  const trail = await store.trail(payload);
  // It may have been seen outside, but nothing was added.
  expect(trail.filter(({ event }) => event !== "vcon_sent")).toEqual([]);
  return message.error!;
}

const spoken = transcripts[0]!;
const audio = recordingFile(spoken.file);
const wtfOf = ({ analysis }: Vcon, index = 0) => analysis![index]!.body as WtfBody;

const dates = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** What draft-howe-vcon-wtf-extension-02 demands of the analysis and its body. */
function expectWtf(analysis: Analysis, vendor: string, product: string, dialog: number) {
  expect(analysis).toMatchObject({ type: "wtf_transcription", encoding: "json", vendor, product, dialog });
  const { transcript, segments, metadata, speakers = {} } = analysis.body as WtfBody;
  expect(transcript).toEqual({
    text: expect.any(String),
    language: expect.stringMatching(/^[a-z]{2,3}(-[A-Za-z0-9]+)*$/),
    duration: expect.any(Number),
    confidence: expect.any(Number),
  });
  expect(metadata).toMatchObject({
    created_at: expect.stringMatching(dates),
    processed_at: expect.stringMatching(dates),
    provider: vendor,
    model: product,
  });
  expect(new Set(segments.map(({ id }) => id)).size).toBe(segments.length);
  for (const { id, start, end, text, confidence } of segments) {
    expect(Number.isInteger(id)).toBe(true);
    expect(start).toBeGreaterThanOrEqual(0);
    expect(end).toBeGreaterThan(start);
    expect(text).not.toBe("");
    expect(confidence).toBeGreaterThanOrEqual(0);
    expect(confidence).toBeLessThanOrEqual(1);
  }
  for (const [key, speaker] of Object.entries(speakers)) {
    const said = segments.filter((segment) => String(segment.speaker) === key);
    expect(speaker.segments).toEqual(said.map(({ id }) => id));
    expect(speaker.total_time).toBeCloseTo(
      said.reduce((sum, { start, end }) => sum + end - start, 0),
      5,
    );
  }
}

describe("a transcript by Deepgram", () => {
  it("is a WTF body that says who said what, by channel", async () => {
    await deploy();
    const vcon = await transcribed(call(inline(audio)));
    expect(vcon.extensions).toContain("wtf_transcription");
    expectWtf(vcon.analysis![0]!, "deepgram", "nova-3", 0);

    const { transcript, segments, speakers } = wtfOf(vcon);
    expect(segments.map(({ speaker, text }) => [speaker, text])).toEqual(
      spoken.turns.map(({ channel, text }) => [channel, text]),
    );
    expect(transcript.text).toBe(spoken.turns.map(({ text }) => text).join("\n"));
    expect(transcript.duration).toBeCloseTo(spoken.duration);
    expect(speakers).toMatchObject({
      0: { id: 0, label: "Carol Carter" },
      1: { id: 1, label: "Alice Archer" },
    });
  });

  it("is readable by those who read transcripts, with the speakers' names", async () => {
    await deploy();
    const { analysis } = await transcribed(call(inline(audio)));
    expect(TRANSCRIPT_TYPES).toContain(analysis![0]!.type);
    const [first, second] = transcriptTurns(analysis![0]!);
    expect(first).toMatchObject({ speaker: "Alice Archer", text: spoken.turns[0]!.text });
    expect(second).toMatchObject({ speaker: "Carol Carter", text: spoken.turns[1]!.text });
  });

  it("asks for what the node says, with the key, and for nothing that makes a copy elsewhere", async () => {
    await deploy({ deepgramModel: "nova-2", language: "en-US" });
    const vcon = await transcribed(call(inline(audio)));
    expect(deepgram.requests).toHaveLength(1);
    const { method, path, query, headers } = deepgram.requests[0]!;
    expect([method, path]).toEqual(["POST", "/v1/listen"]);
    expect(headers.authorization).toMatch(/^token deepgram key$/i);
    expect(headers["content-type"]).toBe("audio/x-mp3");
    expect(Object.fromEntries(query)).toMatchObject({
      model: "nova-2",
      language: "en-US",
      multichannel: "true",
    });
    expect(query.has("callback")).toBe(false);
    expect(wtfOf(vcon).transcript.language).toBe("en-US");
  });

  it("has the language that the service found where the node names none", async () => {
    await deploy();
    const vcon = await transcribed(call(inline(audio)));
    expect(deepgram.requests[0]!.query.get("detect_language")).toBe("true");
    expect(wtfOf(vcon).transcript.language).toBe("en");
  });

  it("tells voices apart where one channel holds all parties", async () => {
    await deploy();
    const vcon = await transcribed(call({ ...inline(audio), parties: [[0, 1]] }));
    expect(Object.fromEntries(deepgram.requests[0]!.query)).toMatchObject({ diarize: "true" });
    const { segments, speakers } = wtfOf(vcon);
    // Voices are numbered as they begin to speak, and nobody says whose they are.
    expect(segments.slice(0, 2).map(({ speaker }) => speaker)).toEqual([0, 1]);
    expect(JSON.stringify(speakers)).not.toMatch(/Carol|Alice/);
  });

  it("names nobody where the recording has fewer channels than parties", async () => {
    await deploy();
    const vcon = await transcribed(call({ ...inline(mono), parties: [0, 1] }));
    expectWtf(vcon.analysis![0]!, "deepgram", "nova-3", 0);
    expect(wtfOf(vcon).transcript.text).toBe("Good morning.\nHow are you?");
    expect(JSON.stringify(wtfOf(vcon).speakers)).not.toMatch(/Carol|Alice/);
  });

  it.each<[string, Dialog["parties"]]>([
    ["of several parties", [[0, 1], 2]],
    ["of nobody known", [null, 2]],
  ])("does not take the number of a channel %s for a party", async (_, parties) => {
    await deploy();
    const vcon = call({ ...inline(audio), parties: parties! });
    addParty(vcon, { role: "supervisor", name: "Sam Sutton" });
    const { segments, speakers } = wtfOf(await transcribed(vcon));
    const customers = segments.filter((_, index) => spoken.turns[index]!.channel === 0);
    for (const { speaker } of customers) expect([0, 1, 2]).not.toContain(speaker);
    expect(speakers).toMatchObject({ 2: { label: "Sam Sutton" } });
    expect(JSON.stringify(speakers)).not.toMatch(/Carol|Alice/);
  });

  it("of silence is an empty one, and is not asked for again", async () => {
    await deploy();
    const vcon = await transcribed(call(inline(silent)));
    expectWtf(vcon.analysis![0]!, "deepgram", "nova-3", 0);
    expect(wtfOf(vcon)).toMatchObject({ transcript: { text: "" }, segments: [] });
    await nodeRed.through("node", { payload: vcon.uuid });
    expect(deepgram.requests).toHaveLength(1);
  });
});

describe("a transcript by OpenAI's interface", () => {
  it("of Whisper is a WTF body with times", async () => {
    await deploy(withOpenai());
    const vcon = await transcribed(call(inline(audio)));
    expect(vcon.extensions).toContain("wtf_transcription");
    expectWtf(vcon.analysis![0]!, "openai", "whisper-1", 0);
    const { transcript, segments } = wtfOf(vcon);
    expect(segments.map(({ start, end, text }) => ({ start, end, text }))).toEqual(
      spoken.turns.map(({ start, end, text }) => ({ start, end, text })),
    );
    expect(transcript).toMatchObject({ language: "en", duration: spoken.duration });
  });

  it("of a model that tells speakers apart has them", async () => {
    await deploy(withOpenai("gpt-4o-transcribe-diarize"));
    const vcon = await transcribed(call(inline(audio)));
    expectWtf(vcon.analysis![0]!, "openai", "gpt-4o-transcribe-diarize", 0);
    const { segments, speakers } = wtfOf(vcon);
    expect(segments.slice(0, 3).map(({ speaker }) => speaker)).toEqual(["A", "B", "A"]);
    expect(Object.keys(speakers!)).toEqual(["A", "B"]);
  });

  it("of a model without times is one segment", async () => {
    await deploy(withOpenai("gpt-4o-transcribe", { language: "en" }));
    const vcon = await transcribed(call(inline(audio)));
    expectWtf(vcon.analysis![0]!, "openai", "gpt-4o-transcribe", 0);
    expect(wtfOf(vcon).segments).toHaveLength(1);
    expect(wtfOf(vcon).transcript.text).toBe(spoken.turns.map(({ text }) => text).join(" "));
    expect(wtfOf(vcon).transcript.language).toBe("en");
  });

  it("loses no word that Whisper gives no length", async () => {
    await deploy(withOpenai());
    const vcon = await transcribed(call(inline(hurried)));
    expectWtf(vcon.analysis![0]!, "openai", "whisper-1", 0);
    expect(wtfOf(vcon).transcript.text).toBe("Recall!\nThank you.");
  });

  it.each<[string, Partial<Dialog>]>([
    ["its own name", { ...inline(audio), filename: "call.mp3" }],
    ["no name", inline(audio)],
    ["a name without an ending", { ...inline(audio), filename: "call-1" }],
    ["a name with another ending", { ...inline(audio), filename: "call.2026-11-02" }],
    ["an empty name", { ...inline(audio), filename: "" }],
    ["a path for a name", { ...inline(audio), filename: "../../call.mp3" }],
    ["a media type with parameters", inline(audio, "Audio/MPEG; rate=8000")],
    ["no media type, but a name", { ...inline(audio, ""), filename: "call.mp3" }],
  ])("is had of a recording with %s", async (_, dialog) => {
    await deploy(withOpenai());
    expect(wtfOf(await transcribed(call(dialog))).segments.length).toBeGreaterThan(1);
  });
});

describe("a transcript by Azure OpenAI", () => {
  const dated = { apiVersion: "2024-10-21" };
  const deployAzure = (model?: string) => deploy(withOpenai(model), undefined, { url: openai.url, ...dated });

  it("says so, in the vCon and in its trail", async () => {
    await deployAzure();
    const vcon = await transcribed(call(inline(audio)));
    expect(openai.requests).toMatchObject([
      { path: "/openai/deployments/whisper-1/audio/transcriptions", headers: { "api-key": "openai key" } },
    ]);
    expectWtf(vcon.analysis![0]!, "azure", "whisper-1", 0);
    const { recipient } = (await store.trail(vcon.uuid)).find(({ event }) => event === "vcon_sent")!;
    expect(recipient).toEqual({
      vendor: "azure",
      product: "whisper-1",
      host: new URL(openai.url).host,
      categories: ["recording"],
    });
  });

  it("names it in errors", async () => {
    await deployAzure("no deployment");
    const error = await refused(call(inline(audio)));
    expect(error).toMatchObject({
      code: "404",
      message: expect.stringContaining("Azure OpenAI answered 404"),
    });
  });

  it("is not paid for where the vCon has one of OpenAI's, as those by Azure were once named, nor the reverse", async () => {
    await deploy(withOpenai());
    const { uuid } = await transcribed(call(inline(audio)));
    await deployAzure();
    await nodeRed.through("node", { payload: uuid });
    expect(openai.requests).toHaveLength(1);

    const other = await transcribed(call(inline(audio)));
    await deploy(withOpenai());
    await nodeRed.through("node", { payload: other.uuid });
    expect(openai.requests).toHaveLength(2);
  });
});

describe.each([
  ["Deepgram", {}, () => deepgram, "deepgram", "nova-3", "Deepgram"],
  ["a Whisper", withOpenai(), () => openai, "openai", "whisper-1", "The service at 127.0.0.1:\\d+"],
] as const)("transcribe by %s", (_, settings, service, vendor, product, system) => {
  it("writes into the trail what was added and who has seen the recording", async () => {
    await deploy(settings);
    const { uuid } = await transcribed(call(inline(audio)));
    const node = { id: "node", type: "vcon-transcribe", name: "to text", flow: "tab" };
    const duration = expect.any(Number);
    const at = expect.stringMatching(dates);
    expect(await store.trail(uuid)).toEqual([
      { event: "vcon_enhanced", at, node, added: ["analysis:wtf_transcription"], duration },
      {
        event: "vcon_sent",
        at,
        node,
        recipient: { vendor, product, host: new URL(service().url).host, categories: ["recording"] },
        duration,
      },
    ]);
  });

  it("leaves the rest of the vCon as it was", async () => {
    await deploy(settings);
    const before = call(inline(audio));
    before.attachments = [
      { purpose: "note", start: before.created_at, party: 0, dialog: 0, body: "x", encoding: "none" },
    ];
    const { analysis: _, extensions: __, updated_at: ___, ...rest } = await transcribed(before);
    const { extensions: ____, ...others } = before;
    expect(rest).toEqual(others);
  });

  it("keeps the first of two transcripts when the second fails, and does not pay for it again", async () => {
    await deploy(settings);
    const second = recordingFile("02-late-delivery.mp3");
    const payload = await stored(store, call(inline(audio), inline(Buffer.from("no audio at all"))));
    const failed = await nodeRed.through("node", { payload });
    expect(failed).toMatchObject({ at: "failure", message: { error: { code: "400" } } });
    expect(((await store.get(payload)) as Vcon).analysis).toMatchObject([{ dialog: 0 }]);
    const events = (await store.trail(payload)).map(({ event }) => event);
    expect(events).toEqual(["vcon_enhanced", "vcon_sent", "vcon_sent"]);
    expect(service().requests).toHaveLength(2);

    await nodeRed.through("node", { payload });
    expect(service().requests).toHaveLength(3);

    const both = await transcribed(call(inline(audio), inline(second)));
    expect(both.analysis).toMatchObject([{ dialog: 0 }, { dialog: 1 }]);
    expect(service().requests).toHaveLength(5);
  });

  it("transcribes what another service or model has transcribed already", async () => {
    await deploy(settings);
    const { uuid } = await transcribed(call(inline(audio)));
    const other = vendor === "deepgram" ? { deepgramModel: "nova-2" } : withOpenai("gpt-4o-transcribe");
    await deploy(other);
    await nodeRed.through("node", { payload: uuid });
    const { analysis, extensions } = (await store.get(uuid)) as Vcon;
    expect(analysis).toMatchObject([{ vendor, product }, { vendor }]);
    expect(analysis![1]!.product).not.toBe(product);
    expect(extensions).toEqual(["CC", "wtf_transcription"]);
  });

  it.each<[string, Vcon]>([
    ["without recordings", chat("Good morning.")],
    ["without dialogs", chat()],
    ["of a call that nobody answered", call({ type: "incomplete", disposition: "no-answer" })],
    ["whose recording was redacted", call({})],
    ["whose recording is empty", call({ mediatype: "audio/x-mp3", encoding: "base64url", body: "" })],
  ])("passes a vCon on as it is %s", async (_, vcon) => {
    await deploy(settings);
    expect(await transcribed(vcon)).toEqual(vcon);
    expect(await store.trail(vcon.uuid)).toEqual([]);
    expect(service().requests).toEqual([]);
  });

  it.each<[string, Partial<Dialog>, string]>([
    ["is not base64url", { ...inline(audio), body: "no base64!" }, "RECORDING_CORRUPT"],
    ["lies at an address of http", { url: "http://recordings.example.com/passwd" }, "MEDIA_REFUSED"],
    ["lies on this machine", { url: "https://127.0.0.1:9/passwd" }, "MEDIA_REFUSED"],
    ["lies in a private network", { url: "https://[fd00::1]/passwd" }, "MEDIA_REFUSED"],
    ["lies in a file", { url: "file:///etc/passwd" }, "MEDIA_REFUSED"],
    ["lies nowhere", { url: "somewhere" }, "MEDIA_REFUSED"],
    ["has an address that is no text", { url: 7 as never }, "MEDIA_REFUSED"],
  ])("refuses a recording that %s, and sends nothing", async (_, dialog, code) => {
    await deploy(settings);
    const error = await refused(call(dialog));
    expect(error.code).toBe(code);
    expect(error.message).not.toMatch(/no base64!|passwd|somewhere/);
    expect(service().requests).toEqual([]);
  });

  describe("of a recording at a URL", () => {
    const ownNetwork = { ...settings, ownNetwork: true };
    const hashed = { mediatype: "audio/x-mp3", content_hash: contentHash(audio) };

    it("sends what is there, and tells its address to nobody", async () => {
      const { url, asked } = await recordings(audio);
      await deploy(ownNetwork);
      const vcon = await transcribed(call({ url, ...hashed }));
      expect(asked).toEqual(["/1.mp3?signature=secret"]);
      expectWtf(vcon.analysis![0]!, vendor, product, 0);
      expect(wtfOf(vcon).segments.length).toBeGreaterThan(1);
      expect(vcon.dialog).toMatchObject([{ url, ...hashed }]);
      expect(service().requests).toHaveLength(1);
      const { path, query, headers } = service().requests[0]!;
      expect(`${path} ${query} ${JSON.stringify(headers)}`).not.toContain(new URL(url).host);

      const sent = (await store.trail(vcon.uuid)).filter(({ event }) => event === "vcon_sent");
      expect(sent).toMatchObject([{ recipient: { vendor, host: new URL(service().url).host } }]);
    });

    it("takes the type that the server says where the vCon says none, and asks for no hash", async () => {
      const { url } = await recordings(audio);
      await deploy(ownNetwork);
      expect(wtfOf(await transcribed(call({ url }))).segments.length).toBeGreaterThan(1);
    });

    it("fetches none that has its transcript", async () => {
      const { url, asked } = await recordings(audio);
      await deploy(ownNetwork);
      const { uuid } = await transcribed(call({ url }));
      await nodeRed.through("node", { payload: uuid });
      expect(asked).toHaveLength(1);
    });

    it("fetches again what may be there later, when the server asks it to", async () => {
      const { url, asked } = await recordings(audio, { status: 503, headers: { "retry-after": "0" } });
      await deploy(ownNetwork);
      expect((await transcribed(call({ url, ...hashed }))).analysis).toHaveLength(1);
      expect(asked).toHaveLength(2);
    });

    it.each<[string, Buffer, Answer, string]>([
      ["is not what its content hash says", Buffer.from("ID3 another"), {}, "MEDIA_CHANGED"],
      ["is a page to log in", audio, { headers: { "content-type": "text/html" } }, "MEDIA_REFUSED"],
      ["is larger than 200 MB", audio, { headers: { "content-length": "200000001" } }, "MEDIA_REFUSED"],
      ["was deleted", audio, { status: 404 }, "MEDIA_UNAVAILABLE"],
    ])("refuses one that %s, and sends nothing", async (_, bytes, answer, code) => {
      const { url, asked } = await recordings(bytes, answer);
      await deploy(ownNetwork);
      const error = await refused(call({ url, ...hashed }));
      expect(error.code).toBe(code);
      expect(JSON.stringify([error, nodeRed.log, nodeRed.statuses("node")])).not.toMatch(/signature|secret/);
      expect(asked).toHaveLength(1);
      expect(service().requests).toEqual([]);
    });

    it("refuses one of one's own network unless the node says that it may be", async () => {
      const { url, asked } = await recordings(audio);
      await deploy(settings);
      for (const address of [url, url.replace("http:", "https:")]) {
        const error = await refused(call({ url: address, ...hashed }));
        expect(error).toMatchObject({
          code: "MEDIA_REFUSED",
          message: expect.stringMatching(/Allow .+ only if the server is your own/),
        });
      }
      expect(asked).toEqual([]);
    });
  });

  it("names the service and the reason where it refuses the recording", async () => {
    await deploy(settings);
    const error = await refused(call(inline(Buffer.from("no audio at all"))));
    expect(error).toMatchObject({
      code: "400",
      message: expect.stringMatching(new RegExp(`: ${system} answered 400`)),
    });
    expect(JSON.stringify(error)).not.toMatch(/corrupt|decoded|file format/);
  });

  it("gives up in silence after the time limit", async () => {
    await deploy(settings);
    service().fail("silence");
    expect((await refused(call(inline(audio)))).code).toBe("TIME_LIMIT");
    expect(service().requests).toHaveLength(1);
  });

  it("asks again after too many requests, a fault and a broken answer, in the time that the service asks for", async () => {
    await deploy(settings);
    service().fail("truncated", "malformed", { status: 429, retryAfter: 0 }, { status: 500, retryAfter: 0 });
    const vcon = await transcribed(call(inline(audio)));
    expect(service().requests).toHaveLength(5);
    expect(vcon.analysis).toHaveLength(1);
  });

  it("shows neither key nor conversation nor the vendor's words of a refusal", async () => {
    await deploy(settings);
    service().fail({ status: 401 });
    const error = await refused(call(inline(audio)));
    expect(error.code).toBe("401");
    const shown = JSON.stringify([error, nodeRed.log, nodeRed.statuses("node")]);
    expect(shown).not.toMatch(/deepgram key|openai key|Carol|Invalid credentials|Incorrect API key/);
  });
});
