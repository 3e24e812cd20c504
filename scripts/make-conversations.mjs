// Makes the demo's conversations out of flows/conversations/script.json: for every call the recording and
// FreeSWITCH's hang-up event, for every chat what a web chat tool sends, and the table of true transcripts.
// Needs espeak-ng and ffmpeg.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../flows/conversations");
const { company, agents, calls, chats } = JSON.parse(readFileSync(join(folder, "script.json"), "utf8"));

const customerChannel = 0;
const agentChannel = 1;
const pauseSeconds = 0.6;

main();

function main() {
  requirePrograms("espeak-ng", "ffmpeg");
  const recordings = [];
  for (const call of calls) {
    const answered = call.turns.length > 0;
    const recording = answered ? record(call) : undefined;
    if (recording) recordings.push(recording);
    write(`${call.name}.cdr.json`, pretty(hangUpEvent(call, recording?.duration)));
  }
  for (const chat of chats) write(`${chat.name}.chat.json`, pretty(chatExport(chat)));
  write("transcripts.json", transcriptTable(recordings));
}

function requirePrograms(...programs) {
  const missing = programs.filter((program) => spawnSync(program, ["--version"]).error?.code === "ENOENT");
  if (missing.length === 0) return;
  console.error(`Missing: ${missing.join(", ")}. Install with: apt install ${missing.join(" ")}`);
  process.exit(1);
}

// ---- recordings: each turn is spoken on its own and laid on its speaker's channel, one after the other

function record(call) {
  const turns = call.turns.map(([speaker, text]) => {
    const voice = speaker === "agent" ? agents[call.agent].voice : call.customer.voice;
    return { channel: speaker === "agent" ? agentChannel : customerChannel, text, ...speak(text, voice) };
  });
  const { rate } = turns[0];
  const pause = Math.round(pauseSeconds * rate);
  const total = turns.reduce((length, turn) => length + turn.samples.length + pause, pause);
  const stereo = new Int16Array(total * 2);
  const spoken = [];
  let position = pause;
  for (const { channel, text, samples } of turns) {
    for (let i = 0; i < samples.length; i++) stereo[(position + i) * 2 + channel] = samples[i];
    const start = position / rate;
    const end = (position + samples.length) / rate;
    spoken.push({
      channel,
      start: thousandths(start),
      end: thousandths(end),
      text,
      words: words(text, start, end),
    });
    position += samples.length + pause;
  }
  const file = `${call.name}.mp3`;
  const mp3 = encode(stereo, rate);
  write(file, mp3);
  const sha256 = createHash("sha256").update(mp3).digest("hex");
  return { file, sha256, duration: thousandths(total / rate), turns: spoken };
}

/** Mono 16-bit samples of the spoken text, without the silence around it. */
function speak(text, voice) {
  const wav = run("espeak-ng", ["-v", voice, "-s", "165", "--stdout"], text);
  const rate = wav.readUInt32LE(24);
  // espeak-ng streams, so the sizes in its header are not set: the samples are all that follows the 44 bytes.
  const samples = new Int16Array(new Uint8Array(wav.subarray(44)).buffer, 0, (wav.length - 44) >> 1);
  const audible = (sample) => Math.abs(sample) > 200;
  const first = samples.findIndex(audible);
  const last = samples.findLastIndex(audible);
  return { rate, samples: samples.subarray(first, last + 1) };
}

function encode(stereo, rate) {
  const input = ["-f", "s16le", "-ar", String(rate), "-ac", "2", "-i", "pipe:0"];
  // Joint stereo would let one speaker be heard faintly on the other's channel.
  const output = ["-ar", "16000", "-c:a", "libmp3lame", "-b:a", "32k", "-joint_stereo", "0"];
  const reproducible = ["-map_metadata", "-1", "-bitexact", "-f", "mp3", "pipe:1"];
  return run("ffmpeg", ["-v", "error", ...input, ...output, ...reproducible], Buffer.from(stereo.buffer));
}

/** Spreads a turn's time over its words by their length; a punctuation mark counts as a short silence. */
function words(text, start, end) {
  const parts = text.split(" ").map((shown) => {
    const bare = shown.replace(/[^\p{L}\p{N}']/gu, "");
    return { shown, word: bare.toLowerCase(), length: bare.length + 1, pause: shown === bare ? 0 : 4 };
  });
  const unit =
    (end - start) / (parts.reduce((sum, part) => sum + part.length + part.pause, 0) - parts.at(-1).pause);
  let clock = start;
  return parts.map(({ shown, word, length, pause }) => {
    const from = clock;
    const to = clock + length * unit;
    clock = to + pause * unit;
    const confidence = thousandths(0.95 + digest(`${text} ${word}`)[0] / 5200);
    return { word, punctuated_word: shown, start: thousandths(from), end: thousandths(to), confidence };
  });
}

/** One line a turn, so that the file can be read. */
function transcriptTable(recordings) {
  const blocks = recordings.map(({ turns, ...about }) => {
    const lines = turns.map((turn) => `      ${JSON.stringify(turn)}`).join(",\n");
    return `  ${JSON.stringify(about).slice(0, -1)},"turns":[\n${lines}\n    ]}`;
  });
  return `[\n${blocks.join(",\n")}\n]\n`;
}

// ---- hang-up events, as mod_json_cdr posts them: switch_ivr_generate_json_cdr in FreeSWITCH's switch_ivr.c

function hangUpEvent(call, recordingSeconds) {
  const answered = recordingSeconds !== undefined;
  const outbound = call.direction === "outbound";
  const agent = agents[call.agent];
  const { customer } = call;
  const uuid = uuidFor(call.name, "customer leg");
  const agentUuid = uuidFor(call.name, "agent leg");
  const caller = outbound ? company : customer;
  const called = outbound ? customer : company;
  const channelName = outbound
    ? `sofia/external/${called.number}`
    : `sofia/external/${caller.number}@carrier.example.com`;
  const times = callTimes(call, recordingSeconds);

  const profile = {
    username: caller.number,
    dialplan: "XML",
    caller_id_name: caller.name,
    ani: caller.number,
    aniii: "",
    caller_id_number: caller.number,
    network_addr: "192.0.2.10",
    rdnis: "",
    destination_number: called.number,
    uuid,
    source: "mod_sofia",
    context: "public",
    chan_name: channelName,
  };
  const agentProfile = {
    ...profile,
    destination_number: agent.extension,
    uuid: agentUuid,
    context: "default",
    chan_name: `sofia/internal/${agent.extension}@pbx.example.com`,
  };

  // What this telephone system's own dialplan sets; the rest FreeSWITCH sets by itself.
  const setByDialplan = {
    caller_id_name: caller.name,
    caller_id_number: caller.number,
    destination_number: called.number,
    effective_caller_id_name: caller.name,
    effective_caller_id_number: caller.number,
    customer_name: customer.name,
    customer_number: customer.number,
    agent_name: agent.name,
    agent_email: agent.email,
    agent_extension: agent.extension,
    hangup_after_bridge: "true",
    RECORD_STEREO: "true",
    ...(answered && { record_file_path: `/var/lib/freeswitch/recordings/${call.name}.mp3` }),
  };
  const variables = {
    direction: call.direction,
    uuid,
    call_uuid: uuid,
    session_id: String(digest(uuid).readUInt16BE(0)),
    channel_name: channelName,
    sip_call_id: uuidFor(call.name, "sip call"),
    sip_from_user: caller.number,
    sip_from_uri: `${caller.number}@carrier.example.com`,
    sip_from_host: "carrier.example.com",
    sip_from_display: caller.name,
    sip_to_user: called.number,
    sip_to_uri: `${called.number}@pbx.example.com`,
    sip_to_host: "pbx.example.com",
    sip_network_ip: "192.0.2.10",
    sip_user_agent: "Example Carrier SBC 4.2",
    ...setByDialplan,
    originated_legs: `${agentUuid};${agent.name};${agent.extension}`,
    ...(answered && {
      read_codec: "G722",
      read_rate: "16000",
      write_codec: "G722",
      write_rate: "16000",
      endpoint_disposition: "ANSWER",
      originate_disposition: "SUCCESS",
      DIALSTATUS: "SUCCESS",
      last_bridge_to: agentUuid,
      bridge_uuid: agentUuid,
      signal_bond: agentUuid,
      bridge_hangup_cause: "NORMAL_CLEARING",
      record_samples: String(Math.round(recordingSeconds * 16000)),
      record_seconds: String(Math.floor(recordingSeconds)),
      record_ms: String(Math.round(recordingSeconds * 1000)),
    }),
    sip_hangup_disposition: answered ? "recv_bye" : "recv_cancel",
    hangup_cause: answered ? "NORMAL_CLEARING" : "ORIGINATOR_CANCEL",
    hangup_cause_q850: answered ? "16" : "487",
    digits_dialed: "none",
    ...timeVariables(times),
    last_app: "bridge",
    last_arg: `user/${agent.extension}@pbx.example.com`,
    caller_id: `"${caller.name}" <${caller.number}>`,
  };

  return {
    "core-uuid": uuidFor("the switch", "core"),
    switchname: "pbx1",
    channel_data: {
      state: "CS_REPORTING",
      direction: call.direction,
      state_number: "11",
      flags: "0=1;1=1;3=1;20=1;37=1;38=1;40=1;43=1;48=1;53=1;75=1;77=1;106=1;112=1;113=1;122=1;134=1",
      caps: "1=1;2=1;3=1;4=1;5=1;6=1",
    },
    callStats: answered ? { audio: audioStatistics(recordingSeconds) } : {},
    // The module's encode-values is on by default; it covers the variables and nothing else.
    variables: Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, urlEncode(value)])),
    app_log: { applications: dialplanSteps(setByDialplan, agent, times) },
    callflow: [
      {
        dialplan: "XML",
        profile_index: "1",
        extension: {
          name: outbound ? "safety_campaign" : "support_line",
          number: called.number,
          applications: dialplanSteps(setByDialplan, agent),
        },
        caller_profile: { ...profile, originatee: { originatee_caller_profiles: [agentProfile] } },
        times: profileTimes(times),
      },
    ],
  };
}

/** The call's moments in microseconds since 1970; 0 for what did not happen. */
function callTimes({ name, startedAt }, recordingSeconds) {
  const noise = digest(name);
  const created = Date.parse(startedAt) * 1000 + noise.readUInt16BE(0) * 13;
  const ringing = 3_000_000 + noise.readUInt16BE(2) * 70;
  if (recordingSeconds === undefined) {
    return { created, progress: created + 180_004, answered: 0, hungUp: created + 4 * ringing };
  }
  const answered = created + ringing;
  const hungUp = answered + Math.round(recordingSeconds * 1e6) + 240_011;
  return { created, progress: created + 180_004, answered, hungUp };
}

function timeVariables({ created, progress, answered, hungUp }) {
  const wholeSeconds = (microseconds) => Math.floor(microseconds / 1e6);
  const stamp = (time) => new Date(time / 1000).toISOString().slice(0, 19).replace("T", " ");
  const moments = {
    start: created,
    profile_start: created,
    answer: answered,
    bridge: answered,
    last_hold: 0,
    resurrect: 0,
    progress,
    progress_media: answered,
    end: hungUp,
  };
  const stamps = Object.entries(moments).filter(([name, time]) => time > 0 && name !== "last_hold");
  const since = answered || hungUp;
  return {
    ...Object.fromEntries(stamps.map(([name, time]) => [`${name}_stamp`, stamp(time)])),
    ...Object.fromEntries(
      Object.entries(moments).flatMap(([name, time]) => [
        [`${name}_epoch`, String(wholeSeconds(time))],
        [`${name}_uepoch`, String(time)],
      ]),
    ),
    hold_accum_seconds: "0",
    duration: String(wholeSeconds(hungUp) - wholeSeconds(created)),
    billsec: String(wholeSeconds(hungUp) - wholeSeconds(since)),
    answersec: String(answered ? wholeSeconds(answered) - wholeSeconds(created) : 0),
    waitsec: String(answered ? wholeSeconds(answered) - wholeSeconds(created) : 0),
    mduration: String(Math.floor(hungUp / 1000) - Math.floor(created / 1000)),
    billmsec: String(Math.floor(hungUp / 1000) - Math.floor(since / 1000)),
    uduration: String(hungUp - created),
    billusec: String(hungUp - since),
  };
}

function profileTimes({ created, progress, answered, hungUp }) {
  const times = {
    created_time: created,
    profile_created_time: created,
    progress_time: progress,
    progress_media_time: answered,
    answered_time: answered,
    bridged_time: answered,
    last_hold_time: 0,
    hold_accum_time: 0,
    hangup_time: hungUp,
    resurrect_time: 0,
    transfer_time: 0,
  };
  return Object.fromEntries(Object.entries(times).map(([name, time]) => [name, String(time)]));
}

/** The applications that the dialplan ran; with the time of each when it was really run. */
function dialplanSteps(setByDialplan, agent, times) {
  const steps = ["agent_name", "agent_email", "RECORD_STEREO", "hangup_after_bridge"].map((name) => ({
    app_name: "set",
    app_data: `${name}=${setByDialplan[name]}`,
  }));
  if (setByDialplan.record_file_path) {
    steps.push({ app_name: "record_session", app_data: setByDialplan.record_file_path });
  }
  steps.push({ app_name: "bridge", app_data: `user/${agent.extension}@pbx.example.com` });
  if (!times) return steps;
  return steps.map((step, index) => ({ ...step, app_stamp: String(times.created + 9_001 * (index + 1)) }));
}

/** 20 ms packets of 160 bytes and a header of 12; FreeSWITCH counts the header in both sums of bytes. */
function audioStatistics(recordingSeconds) {
  const packets = Math.round(recordingSeconds * 50);
  const counted = { raw_bytes: packets * 172, media_bytes: packets * 172, packet_count: packets };
  return {
    inbound: {
      ...counted,
      media_packet_count: packets,
      skip_packet_count: 4,
      jitter_packet_count: 0,
      dtmf_packet_count: 0,
      cng_packet_count: 0,
      flush_packet_count: 1,
      largest_jb_size: 0,
      jitter_min_variance: 0.5,
      jitter_max_variance: 9.25,
      jitter_loss_rate: 0,
      jitter_burst_rate: 0,
      mean_interval: 20.01,
      flaw_total: 0,
      quality_percentage: 100,
      mos: 4.5,
    },
    outbound: {
      ...counted,
      media_packet_count: packets,
      skip_packet_count: 0,
      dtmf_packet_count: 0,
      cng_packet_count: 0,
      rtcp_packet_count: 0,
      rtcp_octet_count: 0,
    },
  };
}

/** Encodes what FreeSWITCH's switch_url_encode encodes: SWITCH_URL_UNSAFE and all outside printable ASCII. */
function urlEncode(text) {
  const percent = (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return text.replace(/[^!$'()*,\-./\w~]/gu, (character) =>
    [...Buffer.from(character)].map(percent).join(""),
  );
}

// ---- chats

function chatExport({ name, startedAt, customer, agent, messages }) {
  const after = (secondsLater) => new Date(Date.parse(startedAt) + secondsLater * 1000).toISOString();
  const { name: agentName, email } = agents[agent];
  return {
    id: uuidFor(name, "chat"),
    started_at: after(0),
    ended_at: after(messages.at(-1)[1] + 20),
    customer,
    agent: { name: agentName, email },
    messages: messages.map(([from, secondsLater, text]) => ({ from, at: after(secondsLater), text })),
  };
}

// ---- small helpers

function run(program, args, input) {
  const { status, stdout, stderr } = spawnSync(program, args, { input, maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  return stdout;
}

function write(file, content) {
  writeFileSync(join(folder, file), content);
}

function pretty(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function thousandths(value) {
  return Number(value.toFixed(3));
}

function digest(text) {
  return createHash("sha256").update(text).digest();
}

/** The same UUID on every run, shaped like a random one. */
function uuidFor(name, role) {
  const bytes = digest(`${name} ${role}`).subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
