import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Vcon } from "../../../core/index.ts";
import { recordingFile, transcripts } from "../../stand-ins/conversations.ts";
import { ends, type FlowNode } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { storeNode } from "../../support/vcons.ts";

interface HangUp {
  variables: Record<string, string | undefined>;
  callflow: { caller_profile: Record<string, unknown> }[] | { caller_profile: Record<string, unknown> };
  [member: string]: unknown;
}

const audio = recordingFile("01-kettle-recall.mp3");
const script = JSON.parse(recordingFile("script.json").toString());

/** The event of this call, as FreeSWITCH posts it, under a UUID that no other test uses. */
let count = 0;
function event(variables: Record<string, string | undefined> = {}, name = "01-kettle-recall"): HangUp {
  const hangUp: HangUp = JSON.parse(recordingFile(`${name}.cdr.json`).toString());
  Object.assign(hangUp.variables, { uuid: `call-${count++}` }, variables);
  return hangUp;
}
const recordedAs = (path: string) => event({ record_file_path: encodeURIComponent(path) });

const { nodeRed, store } = await nodeRedForFile();
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vcon-recordings-"));
  for (const { file } of transcripts) writeFileSync(join(folder, file), recordingFile(file));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
});

async function deploy(settings: object = {}) {
  const node: FlowNode = {
    id: "event",
    type: "vcon-telephone-event",
    store: "store",
    event: "payload",
    eventType: "msg",
    folder,
    origin: "",
    largest: 100,
    atOnce: 8,
    recording: "record_file_path",
    customerName: "customer_name",
    agentName: "agent_name",
    agentMailto: "agent_email",
    wires: [["out"]],
    ...settings,
  };
  await nodeRed.deploy([storeNode, node, ...ends]);
}

/** The vCon that is made of the event. */
async function made(payload: unknown): Promise<Vcon> {
  const { at, message } = await nodeRed.through("event", { payload });
  expect(at, message.error?.message ?? "").toBe("out");
  return (await store.get(message.payload as string)) as Vcon;
}

/** The error that comes of the event, and no vCon. */
async function refused(payload: unknown) {
  const before = await store.list({ limit: 1000 });
  const { at, message } = await nodeRed.through("event", { payload });
  expect(at).toBe("failure");
  expect(message.payload).toEqual(payload);
  expect(await store.list({ limit: 1000 })).toEqual(before);
  return message.error!;
}

describe("a call of the demo", () => {
  it.each<string>(script.calls.map(({ name }: { name: string }) => name))(
    "becomes its vCon: %s",
    async (name) => {
      await deploy();
      const { startedAt, direction, customer, agent } = script.calls.find(
        (call: { name: string }) => call.name === name,
      );
      const spoken = transcripts.find(({ file }) => file.startsWith(name));
      const vcon = await made(event({}, name));

      expect(Date.parse(vcon.created_at) - Date.parse(startedAt)).toBeLessThan(1000);
      expect(vcon.parties).toMatchObject([
        { role: "customer", tel: customer.number },
        { role: "agent", name: script.agents[agent].name, mailto: script.agents[agent].email },
      ]);
      // A caller without a name comes with the number in its place.
      const isNamed = customer.name !== customer.number;
      expect(vcon.parties![0]!.name).toBe(isNamed ? customer.name : undefined);
      expect(vcon.parties![1]!.tel).toBe(
        direction === "inbound" ? script.agents[agent].extension : script.company.number,
      );

      expect(vcon.dialog).toHaveLength(1);
      const dialog = vcon.dialog![0]!;
      const caller = direction === "inbound" ? 0 : 1;
      expect(dialog).toMatchObject({ parties: [0, 1], originator: caller });
      if (spoken) {
        expect(dialog).toMatchObject({
          type: "recording",
          mediatype: "audio/x-mp3",
          encoding: "base64url",
          filename: spoken.file,
        });
        expect(dialog.body).toBe(recordingFile(spoken.file).toString("base64url"));
        expect(Math.abs(dialog.duration! - spoken.duration)).toBeLessThan(2);
        expect(Date.parse(dialog.start!)).toBeGreaterThanOrEqual(Date.parse(vcon.created_at));
      } else {
        expect(dialog).toMatchObject({ type: "incomplete", disposition: "no-answer" });
        for (const member of ["body", "url", "encoding", "mediatype"])
          expect(dialog).not.toHaveProperty(member);
      }
      expect(vcon.attachments).toMatchObject([
        { purpose: "ingress_info", encoding: "json", body: { source: "freeswitch", direction } },
      ]);
    },
  );
});

describe("an event", () => {
  it("that comes twice makes one vCon", async () => {
    await deploy();
    const payload = event();
    const [one, other] = [await made(payload), await made(payload)];
    expect(other.uuid).toBe(one.uuid);
    expect(await store.trail(one.uuid)).toMatchObject([{ event: "vcon_created" }]);
  });

  it("that comes again after its recording is gone still has its vCon", async () => {
    await deploy();
    writeFileSync(join(folder, "short-lived.mp3"), audio);
    const payload = recordedAs("/short-lived.mp3");
    const { uuid } = await made(payload);
    rmSync(join(folder, "short-lived.mp3"));
    expect((await made(payload)).uuid).toBe(uuid);
  });

  it("may come as text", async () => {
    await deploy();
    expect((await made(JSON.stringify(event()))).dialog![0]!.body).toBe(audio.toString("base64url"));
  });

  it("may come without encoded values", async () => {
    await deploy();
    const encoded = event();
    const variables = Object.fromEntries(
      Object.entries(encoded.variables).map(([name, value]) => [name, decodeURIComponent(value!)]),
    );
    const vcon = await made({ ...encoded, variables: { ...variables, customer_name: "Erin 100% Walsh" } });
    expect(vcon.parties).toMatchObject([
      { name: "Erin 100% Walsh", tel: "+12025550111" },
      { name: "Alice Moreno", mailto: "alice.moreno@example.com" },
    ]);
  });

  it("may hold its callflow as one object, as older versions send it", async () => {
    await deploy();
    const payload = event();
    const vcon = await made({ ...payload, callflow: (payload.callflow as unknown[])[0] });
    expect(vcon.parties![0]!.tel).toBe("+12025550111");
  });

  it("is taken from the property that the node names", async () => {
    await deploy({ event: "req.body", eventType: "msg" });
    const { at } = await nodeRed.through("event", { payload: "posted", req: { body: event() } });
    expect(at).toBe("out");
  });

  it("tells that a recording has one channel: both parties are on it", async () => {
    await deploy();
    const vcon = await made(event({ RECORD_STEREO: undefined }));
    expect(vcon.dialog![0]!.parties).toEqual([[0, 1]]);
  });

  it("of an answered call without a recording makes a dialog without content", async () => {
    await deploy();
    const vcon = await made(event({ record_file_path: undefined }));
    expect(vcon.dialog).toMatchObject([{ type: "recording", duration: 26 }]);
    expect(vcon.dialog![0]).not.toHaveProperty("body");
  });

  it("names the recording in the variable that the node is told", async () => {
    await deploy({ recording: "my_recording", customerName: "my_customer" });
    const vcon = await made(
      event({ record_file_path: "/nowhere.mp3", my_recording: "/02-late-delivery.mp3", my_customer: "Erin" }),
    );
    expect(vcon.dialog![0]!.filename).toBe("02-late-delivery.mp3");
    expect(vcon.parties![0]!.name).toBe("Erin");
  });

  it.each([
    ["NO_ANSWER", "no-answer"],
    ["ORIGINATOR_CANCEL", "no-answer"],
    ["USER_BUSY", "busy"],
    ["NORMAL_CIRCUIT_CONGESTION", "congestion"],
    ["UNALLOCATED_NUMBER", "failed"],
    ["SOMETHING_NEW", "failed"],
    [undefined, "failed"],
  ])("of a call that ended unanswered with %s says %s", async (hangup_cause, disposition) => {
    await deploy();
    const vcon = await made(event({ hangup_cause }, "11-missed-call"));
    expect(vcon.dialog).toMatchObject([{ type: "incomplete", disposition }]);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["an empty text", ""],
    ["a text that is no JSON", "cdr={"],
    ["a number", 7],
    ["a list", [event()]],
    ["an object of something else", { hello: "secret" }],
    ["variables that are a text", { variables: "secret" }],
    ["no call's UUID", event({ uuid: undefined })],
    ["no time", event({ start_epoch: undefined, start_uepoch: undefined })],
    ["a time that is none", event({ start_epoch: "secret", start_uepoch: "secret" })],
    ["a time beyond all calendars", event({ start_epoch: "9".repeat(30), start_uepoch: "9".repeat(30) })],
  ])("is refused that is none: %s", async (_, payload) => {
    await deploy();
    const error = await refused(payload);
    expect(error).toMatchObject({ code: "BAD_INPUT", message: expect.stringContaining("mod_json_cdr") });
    expect(JSON.stringify(error)).not.toContain("secret");
  });

  it("survives members of the wrong kind", async () => {
    await deploy();
    const { variables } = event({ billsec: "long", answer_uepoch: "soon", answer_epoch: "1794820332" });
    for (const callflow of [undefined, "none", [], [null], [{ caller_profile: [] }]]) {
      const uuid = `call-${count++}`;
      const vcon = await made({
        variables: { ...variables, uuid, agent_name: { first: "Alice" } },
        callflow,
      });
      expect(vcon.dialog).toMatchObject([{ type: "recording", parties: [0, 1] }]);
      expect(vcon.dialog![0]).not.toHaveProperty("duration");
      expect(vcon.parties![1]).not.toHaveProperty("name");
    }
  });
});

describe("a recording in the folder", () => {
  it("is found by the longest end of its path", async () => {
    await deploy();
    mkdirSync(join(folder, "2026/11"), { recursive: true });
    cpSync(join(folder, "02-late-delivery.mp3"), join(folder, "same.mp3"));
    cpSync(join(folder, "03-heater-smell.mp3"), join(folder, "11-same.mp3"));
    cpSync(join(folder, "04-dishwasher-part.mp3"), join(folder, "2026/11/same.mp3"));
    const vcon = await made(recordedAs("/var/lib/freeswitch/recordings/2026/11/same.mp3"));
    expect(vcon.dialog![0]!.body).toBe(recordingFile("04-dishwasher-part.mp3").toString("base64url"));
  });

  it.each([
    ["relative", "01-kettle-recall.mp3"],
    ["with dots that mean nothing", "/recordings/./01-kettle-recall.mp3"],
    ["with slashes too many", "//recordings//01-kettle-recall.mp3"],
    ["of Windows", "C:\\recordings\\01-kettle-recall.mp3"],
  ])("is found by a path %s", async (_, path) => {
    await deploy();
    expect((await made(recordedAs(path))).dialog![0]).toMatchObject({
      filename: "01-kettle-recall.mp3",
      body: audio.toString("base64url"),
    });
  });

  it.each<[string, string, Buffer]>([
    ["audio/x-wav", "a.wav", Buffer.from("RIFF\0\0\0\0WAVEfmt ")],
    ["audio/ogg", "a.ogg", Buffer.from("OggS\0\0")],
    ["audio/flac", "a.flac", Buffer.from("fLaC\0\0")],
    ["audio/x-mp4", "a.m4a", Buffer.from("\0\0\0\x20ftypM4A ")],
    ["audio/x-mp3", "named-wrong.wav", Buffer.from("ID3\x04\0")],
  ])("has the media type of its content: %s", async (mediatype, file, bytes) => {
    await deploy();
    writeFileSync(join(folder, file), bytes);
    expect((await made(recordedAs(`/${file}`))).dialog![0]).toMatchObject({ mediatype, filename: file });
  });

  it("outside of it is not read: by .., or through a link", async () => {
    await deploy();
    const outside = mkdtempSync(join(tmpdir(), "vcon-elsewhere-"));
    writeFileSync(join(outside, "private.mp3"), audio);
    symlinkSync(join(outside, "private.mp3"), join(folder, "link.mp3"));
    symlinkSync(outside, join(folder, "linked"));
    for (const path of [
      `${folder}/../${basename(outside)}/private.mp3`,
      `..\\${basename(outside)}\\private.mp3`,
      "/link.mp3",
      "/linked/private.mp3",
    ]) {
      const error = await refused(recordedAs(path));
      expect(error).toMatchObject({ code: "RECORDING_NOT_ALLOWED" });
      expect(error.message).not.toContain("private");
    }
    rmSync(outside, { recursive: true });
  });

  it("may be a link that stays inside", async () => {
    await deploy();
    symlinkSync(join(folder, "01-kettle-recall.mp3"), join(folder, "inside.mp3"));
    expect((await made(recordedAs("/inside.mp3"))).dialog![0]!.body).toBe(audio.toString("base64url"));
  });

  it("that comes a moment later than the event is waited for", async () => {
    await deploy();
    const vcon = made(recordedAs("/late.mp3"));
    await sleep(100);
    writeFileSync(join(folder, "late.mp3"), audio);
    expect((await vcon).dialog![0]!.body).toBe(audio.toString("base64url"));
  });

  it("that comes late is not mistaken for another call's of the same name", async () => {
    await deploy();
    mkdirSync(join(folder, "line-1"));
    writeFileSync(join(folder, "call.mp3"), recordingFile("02-late-delivery.mp3"));
    const vcon = made(recordedAs("/recordings/line-1/2026/call.mp3"));
    await sleep(100);
    cpSync(join(folder, "01-kettle-recall.mp3"), join(folder, "line-1/2026/call.mp3"));
    expect((await vcon).dialog![0]!.body).toBe(audio.toString("base64url"));
  });

  it("that does not come is an error in the end: missing, elsewhere, a folder, a broken path", async () => {
    await deploy();
    mkdirSync(join(folder, "not-a-file"), { recursive: true });
    const elsewhere = mkdtempSync(join(tmpdir(), "vcon-elsewhere-"));
    writeFileSync(join(elsewhere, "other.mp3"), audio);
    const paths = ["/gone.mp3", join(elsewhere, "other.mp3"), "/recordings/not-a-file", "/", "/a\0b.mp3"];
    const errors = await Promise.all(paths.map((path) => refused(recordedAs(path))));
    for (const error of errors) {
      expect(error.code).toBe("RECORDING_NOT_FOUND");
      expect(error.message).not.toMatch(/gone|other|not-a-file/);
    }
    rmSync(elsewhere, { recursive: true });
  });

  it.each<[string, Buffer, string, RegExp]>([
    ["empty", Buffer.alloc(0), "RECORDING_EMPTY", /is empty/],
    ["a text", Buffer.from("404 not found"), "RECORDING_CORRUPT", /no audio that is known/],
    ["too short to tell", Buffer.from([0xff]), "RECORDING_CORRUPT", /no audio that is known/],
  ])("that is no recording is refused: %s", async (_, bytes, code, words) => {
    await deploy();
    writeFileSync(join(folder, "broken.mp3"), bytes);
    const error = await refused(recordedAs("/broken.mp3"));
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
  });

  it("that is larger than allowed is refused", async () => {
    await deploy({ largest: 1 });
    writeFileSync(join(folder, "long.mp3"), audio);
    appendFileSync(join(folder, "long.mp3"), Buffer.alloc(1_000_000 - audio.length));
    await made(recordedAs("/long.mp3"));
    appendFileSync(join(folder, "long.mp3"), "\0");
    expect(await refused(recordedAs("/long.mp3"))).toMatchObject({
      code: "RECORDING_TOO_LARGE",
      message: expect.stringContaining("1 MB"),
    });
  });

  it("is refused where no folder is set", async () => {
    await deploy({ folder: "" });
    const error = await refused(event());
    expect(error).toMatchObject({
      code: "RECORDING_NOT_ALLOWED",
      message: expect.stringContaining('"Folder"'),
    });
  });
});

describe("a recording at an address", () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
  /** A web server of the telephone system; gives its origin. */
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it("is fetched from the origin that is allowed", async () => {
    const asked: (string | undefined)[] = [];
    const origin = await serve((request, response) => {
      asked.push(request.url);
      response.end(audio);
    });
    await deploy({ folder: "", origin });
    const vcon = await made(recordedAs(`${origin}/recordings/1.mp3?token=abc`));
    expect(vcon.dialog![0]).toMatchObject({ filename: "1.mp3", body: audio.toString("base64url") });
    expect(asked).toEqual(["/recordings/1.mp3?token=abc"]);
  });

  it("without a name is kept without one", async () => {
    const origin = await serve((_, response) => response.end(audio));
    await deploy({ origin });
    expect((await made(recordedAs(`${origin}/?id=1`))).dialog![0]).not.toHaveProperty("filename");
  });

  it("is never asked for anywhere else", async () => {
    let asked = 0;
    const other = await serve((_, response) => {
      asked++;
      response.end(audio);
    });
    const origin = await serve((_, response) => response.end(audio));
    await deploy({ origin });
    const { port } = new URL(other);
    for (const address of [
      `${other}/1.mp3`,
      `http://user@127.0.0.1:${port}/1.mp3`,
      `${origin}@127.0.0.1:${port}/1.mp3`,
      `HTTP://127.0.0.1:${port}/1.mp3`,
      `${origin.replace("http:", "https:")}/1.mp3`,
      "http://",
      "http://[/1.mp3",
    ]) {
      const error = await refused(recordedAs(address));
      expect(error.code).toBe("RECORDING_NOT_ALLOWED");
      expect(error.message).not.toContain(port);
    }
    expect(asked).toBe(0);
  });

  it("is refused where no origin is set", async () => {
    await deploy({ origin: "" });
    expect(await refused(recordedAs("http://127.0.0.1:9/1.mp3"))).toMatchObject({
      code: "RECORDING_NOT_ALLOWED",
      message: expect.stringContaining('"Allowed origin"'),
    });
  });

  it("is not followed to where it redirects", async () => {
    let asked = 0;
    const other = await serve((_, response) => {
      asked++;
      response.end(audio);
    });
    const origin = await serve((_, response) =>
      response.writeHead(302, { location: `${other}/1.mp3` }).end(),
    );
    await deploy({ origin });
    expect((await refused(recordedAs(`${origin}/1.mp3`))).code).toBe("302");
    expect(asked).toBe(0);
  });

  it("that is not there is asked for once", async () => {
    let asked = 0;
    const origin = await serve((_, response) => {
      asked++;
      response.writeHead(404).end("secret");
    });
    await deploy({ origin });
    const error = await refused(recordedAs(`${origin}/1.mp3`));
    expect(error).toMatchObject({ code: "404", message: expect.stringContaining("recording's server") });
    expect(error.message).not.toContain("secret");
    expect(asked).toBe(1);
  });

  it("is asked for again after a fault of the server", async () => {
    let asked = 0;
    const origin = await serve((_, response) => {
      if (asked++ === 0) response.writeHead(500).end();
      else response.end(audio);
    });
    await deploy({ origin });
    expect((await made(recordedAs(`${origin}/1.mp3`))).dialog![0]!.body).toBe(audio.toString("base64url"));
    expect(asked).toBe(2);
  });

  it("is asked for again after it broke off in the middle", async () => {
    let asked = 0;
    const origin = await serve((_, response) => {
      response.writeHead(200, { "content-length": audio.length });
      if (asked++ === 0) response.write(audio.subarray(0, 1000), () => response.destroy());
      else response.end(audio);
    });
    await deploy({ origin });
    expect((await made(recordedAs(`${origin}/1.mp3`))).dialog![0]!.body).toBe(audio.toString("base64url"));
  });

  it("is given up after the time limit, also where bytes keep trickling", async () => {
    const origin = await serve((request, response) => {
      if (request.url === "/silent.mp3") return;
      const trickle = setInterval(() => response.write(audio.subarray(0, 10)), 100);
      response.on("close", () => clearInterval(trickle));
    });
    await deploy({ origin, timeLimit: 1 });
    const paths = ["/silent.mp3", "/slow.mp3"];
    const errors = await Promise.all(paths.map((path) => refused(recordedAs(origin + path))));
    expect(errors).toMatchObject([{ code: "TIME_LIMIT" }, { code: "TIME_LIMIT" }]);
  });

  it("that never ends is refused at the limit", async () => {
    const origin = await serve((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(audio));
      };
      response.on("drain", more);
      more();
    });
    await deploy({ origin, largest: 1 });
    expect((await refused(recordedAs(`${origin}/1.mp3`))).code).toBe("RECORDING_TOO_LARGE");
  });

  it.each<[string, Buffer, string]>([
    ["empty", Buffer.alloc(0), "RECORDING_EMPTY"],
    ["a page", Buffer.from("<!doctype html>"), "RECORDING_CORRUPT"],
  ])("that is no recording is refused: %s", async (_, bytes, code) => {
    const origin = await serve((_, response) => response.end(bytes));
    await deploy({ origin });
    expect((await refused(recordedAs(`${origin}/1.mp3`))).code).toBe(code);
  });
});
