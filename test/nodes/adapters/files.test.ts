import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type AnyVcon, newUuid, openStore, readVcon, type Vcon, writeVcon } from "../../../core/index.ts";
import { startProgram } from "../../package/program.ts";
import { startForgetfulProxy } from "../../support/forgetful-proxy.ts";
import { ends, type FlowNode, type Message, makeUserFolder, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { startRedis } from "../../support/redis.ts";
import { call, chat, encrypted, inline, signed, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
const folders: string[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vcon-files-"));
  folders.push(folder);
});
afterAll(async () => {
  await nodeRed.deploy([]);
  for (const each of folders) rmSync(each, { recursive: true, force: true });
});

const files: FlowNode = {
  id: "files",
  type: "vcon-files",
  name: "from partners",
  store: "store",
  from: "message",
  content: "payload",
  contentType: "msg",
  path: "payload",
  pathType: "msg",
  folder: "",
  names: "*.{json,vcon,gz}",
  subfolders: false,
  afterwards: "leave",
  moveTo: "",
  limit: 200,
  wires: [["out"]],
};
const complete: FlowNode = { id: "complete", type: "complete", scope: ["files"], wires: [["completed"]] };

const deploy = (settings: object = {}) =>
  nodeRed.deploy([storeNode, { ...files, ...settings }, ...ends, complete, sink("completed")]);
const deployFiles = (settings: object = {}) => deploy({ from: "files", ...settings });
const watch = (settings: object = {}) => deploy({ from: "folder", folder, ...settings });

/** A vCon that nobody has yet, in the newest syntax. */
const made = (text = "Good morning.") => readVcon(chat(text)).vcon as Vcon;
const textOf = (vcon: AnyVcon) => Buffer.from(writeVcon(vcon)).toString();

/** Puts a file into the folder, as a whole and as if it were written an hour ago. */
function put(name: string, content: string | Buffer = textOf(made())): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = join(dirname(path), `.${newUuid()}`);
  writeFileSync(unfinished, content);
  const hourAgo = Date.now() / 1000 - 3600;
  utimesSync(unfinished, hourAgo, hourAgo);
  renameSync(unfinished, path);
  return path;
}

/** What lies in the folder, hidden files too. */
const lying = (below = folder): string[] =>
  readdirSync(below, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(below, name)).isFile())
    .sort();

/** Sends this, and gives what went on when the node has done with the message, and so many that failed. */
async function through(payload: unknown, failing = 0, more: object = {}) {
  nodeRed.send("files", { payload, ...more });
  await nodeRed.next("completed");
  const failed: Failure[] = [];
  while (failed.length < failing) failed.push((await nodeRed.next("failure")) as Failure);
  return { out: taken("out"), failed };
}
const taken = (id: string) => nodeRed.received(id).splice(0);

function linkTo(target: string): string {
  const link = join(mkdtempSync(join(tmpdir(), "vcon-files-")), "link");
  folders.push(dirname(link));
  symlinkSync(target, link);
  return link;
}

type Failure = Message & { error: { message: string; code: string } };

/** The error of a message of which nothing could be found at all. */
async function refused(payload: unknown, more: object = {}): Promise<Failure["error"]> {
  const { at, message } = await nodeRed.through("files", { payload, ...more });
  expect(at).toBe("failure");
  return (message as Failure).error;
}

const uuidsOf = (messages: Message[]) => messages.map(({ payload }) => payload).sort();

/** The UUIDs of the next so many messages. */
async function nextUuids(count: number): Promise<unknown[]> {
  const uuids: unknown[] = [];
  while (uuids.length < count) uuids.push((await nodeRed.next("out")).payload);
  return uuids.sort();
}

/** What Node-RED can't copy. */
function deep(): object {
  let deep: object = {};
  for (let level = 0; level < 50_000; level++) deep = { deep };
  return deep;
}

/** Waits until this is so. */
async function until(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { timeout: 15_000, interval: 20 }).toBe(true);
}

describe("a vCon that a message holds", () => {
  it.each<[string, (vcon: Vcon) => unknown]>([
    ["a text", (vcon) => textOf(vcon)],
    ["a Buffer", (vcon) => Buffer.from(textOf(vcon))],
    ["gzipped", (vcon) => gzipSync(textOf(vcon))],
    ["an object", (vcon) => structuredClone(vcon)],
    ["a list of one", (vcon) => [structuredClone(vcon)]],
  ])("as %s is stored, and goes on by its UUID", async (_, held) => {
    await deploy();
    const vcon = made();
    const { out } = await through(held(vcon), 0, { topic: "kept" });
    expect(out).toMatchObject([{ payload: vcon.uuid, topic: "kept", form: "unsigned", changes: [] }]);
    expect(await store.get(vcon.uuid)).toEqual(vcon);
    const node = { id: "files", type: "vcon-files", name: "from partners", flow: "tab" };
    expect(await store.trail(vcon.uuid)).toMatchObject([{ event: "vcon_created", node }]);
  });

  it("goes on by itself where there are several, and the message is done with once", async () => {
    await deploy();
    const vcons = [made(), made(), made()];
    const { out } = await through([vcons[0], textOf(vcons[1]!), gzipSync(textOf(vcons[2]!))]);
    expect(uuidsOf(out)).toEqual(vcons.map(({ uuid }) => uuid).sort());
    expect(nodeRed.received("completed")).toEqual([]);
  });

  it("is taken from where the node says, also by an expression", async () => {
    const vcon = made();
    await deploy({ content: "partner.vcon" });
    expect(uuidsOf((await through("x", 0, { partner: { vcon: textOf(vcon) } })).out)).toEqual([vcon.uuid]);
    const others = [made(), made()];
    await deploy({ content: "parts.body", contentType: "jsonata" });
    const parts = others.map((other) => ({ body: Buffer.from(textOf(other)) }));
    expect(uuidsOf((await through("x", 0, { parts })).out)).toEqual(others.map(({ uuid }) => uuid).sort());
  });

  it("of an upload has the name of its file", async () => {
    await deploy({ content: "req.files" });
    const vcon = made();
    const upload = { fieldname: "a", originalname: "export.json", buffer: Buffer.from(textOf(vcon)) };
    const { out } = await through("x", 0, { req: { files: [upload] } });
    expect(out).toMatchObject([{ payload: vcon.uuid, filename: "export.json" }]);
  });

  it("of an old draft is brought into the newest, and the message says how", async () => {
    await deploy();
    const uuid = newUuid();
    const old = {
      vcon: "0.0.1",
      uuid,
      created_at: "2024-01-01T00:00:00Z",
      parties: [],
      appended: {},
      attachments: [{ type: "note", body: "{}", encoding: "json" }],
    };
    const { out } = await through(old);
    expect(out[0]!["changes"]).toContainEqual(expect.objectContaining({ rule: expect.any(String) }));
    expect(await store.get(uuid)).toMatchObject({ vcon: "0.4.0", attachments: [{ purpose: "note" }] });
  });

  it.each<[string, (uuid: string) => AnyVcon]>([
    ["signed", signed],
    ["encrypted", encrypted],
  ])("that is %s is stored as it is", async (form, sealed) => {
    await deploy();
    const uuid = newUuid();
    const vcon = sealed(uuid);
    expect((await through(JSON.stringify(vcon))).out).toMatchObject([{ payload: uuid, form, changes: [] }]);
    expect(await store.get(uuid)).toEqual(vcon);
  });

  it("without a UUID gets one, and the same one each time", async () => {
    await deploy();
    const { uuid: _, ...bare } = made();
    const { unprotected: __, ...sealed } = encrypted();
    for (const content of [bare, sealed]) {
      const text = JSON.stringify(content);
      const first = await through(text);
      const second = await through(Buffer.from(text));
      expect(uuidsOf(second.out)).toEqual(uuidsOf(first.out));
      expect(await store.get(String(first.out[0]!.payload))).toMatchObject(content);
    }
    const [{ payload }] = (await through(sealed)).out as [Message];
    expect(await store.get(String(payload))).toMatchObject({ unprotected: { uuid: payload } });
  });

  it("that is signed and tells no UUID is refused", async () => {
    await deploy();
    const payload = Buffer.from("{}").toString("base64url");
    const { out, failed } = await through({ payload, signatures: [{ signature: "AAAA" }] }, 1);
    expect(out).toEqual([]);
    expect(failed).toMatchObject([{ error: { code: "VCON_MALFORMED" } }]);
  });

  it("that the store has stays as it is, and goes on", async () => {
    await deploy();
    const vcon = made();
    await through(vcon);
    const { out } = await through({ ...vcon, subject: "changed" });
    expect(uuidsOf(out)).toEqual([vcon.uuid]);
    expect(await store.get(vcon.uuid)).toEqual(vcon);
    expect(await store.trail(vcon.uuid)).toHaveLength(1);
  });

  it("that is none stands in nobody's way, and a Catch node gets it", async () => {
    await deploy();
    const vcon = made();
    const bad = ["no vCon at all", 7, null, [], { a: 1 }, Buffer.from("{"), gzipSync("{}").subarray(0, 10)];
    const { out, failed } = await through([...bad, vcon], bad.length);
    expect(uuidsOf(out)).toEqual([vcon.uuid]);
    expect(failed.map(({ payload }) => payload)).toEqual(expect.arrayContaining(bad));
    expect(failed).toHaveLength(bad.length);
    for (const { error } of failed as Failure[]) expect(error.code).toBe("VCON_MALFORMED");
    expect(JSON.stringify(nodeRed.log)).not.toContain("no vCon at all");
  });

  it("that nests too deep to be copied for a Catch node stands in nobody's way, and is told in the log", async () => {
    await deploy();
    nodeRed.log.length = 0;
    const vcons = Array.from({ length: 20 }, () => made());
    nodeRed.send("files", { payload: [deep(), ...vcons] });
    expect(await nextUuids(20)).toEqual(vcons.map(({ uuid }) => uuid).sort());
    expect(nodeRed.log[0]).toMatchObject({ id: "files", message: expect.stringMatching(/^Not a vCon/) });
  });

  it("is larger than the limit by itself, or once unpacked", async () => {
    await deploy({ limit: 1 });
    const large = textOf(call(inline(Buffer.alloc(800_000))));
    for (const held of [large, Buffer.from(large), gzipSync(large), JSON.parse(large)]) {
      const { out, failed } = await through(held, 1);
      expect(out).toEqual([]);
      expect(failed).toMatchObject([{ error: { code: "VCON_TOO_LARGE" } }]);
    }
  });

  it.each([undefined, null, ""])("that is %j is an error that says where to look", async (payload) => {
    await deploy();
    expect(await refused(payload)).toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringContaining("vCons"),
    });
  });
});

describe("a path", () => {
  it("to a file takes it, whatever its name", async () => {
    await deployFiles();
    const vcon = made();
    const path = put("export of today", textOf(vcon));
    const { out } = await through(path);
    expect(out).toMatchObject([{ payload: vcon.uuid, filename: path, form: "unsigned", changes: [] }]);
    expect(lying()).toEqual(["export of today"]);
  });

  it("that is relative begins where Node-RED's own file nodes begin", async () => {
    await deployFiles({ path: "package.json", pathType: "str" });
    const { failed } = await through("x", 1);
    expect(failed).toMatchObject([
      { filename: join(process.cwd(), "package.json"), error: { code: "VCON_MALFORMED" } },
    ]);
  });

  it("to a folder takes the files that are named so, and no unfinished, hidden or linked ones", async () => {
    await deployFiles();
    const [one, two, three] = [made(), made(), made()];
    put("a.json", textOf(one));
    put("B.VCON", textOf(two));
    put("c.vcon.JSON.gz", gzipSync(textOf(three)));
    for (const name of [
      "d.txt",
      ".e.json",
      "f.json.part",
      "g.json.tmp",
      "~$h.json",
      "i.json~",
      "in/j.json",
    ]) {
      put(name);
    }
    const elsewhere = mkdtempSync(join(tmpdir(), "vcon-files-"));
    folders.push(elsewhere);
    writeFileSync(join(elsewhere, "k.json"), textOf(made()));
    symlinkSync(join(elsewhere, "k.json"), join(folder, "k.json"));
    mkdirSync(join(folder, "l.json"));
    const { out } = await through(folder);
    expect(uuidsOf(out)).toEqual([one.uuid, two.uuid, three.uuid].sort());
  });

  it("to a folder takes what lies in its folders where they count, but follows no link", async () => {
    await deployFiles({ subfolders: true });
    const [one, two] = [made(), made()];
    put("a.json", textOf(one));
    put("2026/11/02/b.json", textOf(two));
    put(".hidden/c.json");
    const elsewhere = mkdtempSync(join(tmpdir(), "vcon-files-"));
    folders.push(elsewhere);
    writeFileSync(join(elsewhere, "d.json"), textOf(made()));
    symlinkSync(elsewhere, join(folder, "linked"));
    expect(uuidsOf((await through(folder)).out)).toEqual([one.uuid, two.uuid].sort());
  });

  it.each<[string, string[]]>([
    ["*.json", ["a.json", "B.JSON"]],
    ["**/*.json", ["a.json", "B.JSON", "in/c.json", "in/deep/d.json", "out/e.json"]],
    ["in/*.json", ["in/c.json"]],
    ["{in,out}/?.json", ["in/c.json", "out/e.json"]],
    ["*/deep/*.json", ["in/deep/d.json"]],
    ["*.xml", []],
  ])("that is the pattern %s takes what it fits", async (pattern, fitting) => {
    await deployFiles();
    const uuids = new Map<string, string>();
    for (const name of ["a.json", "B.JSON", "in/c.json", "in/deep/d.json", "out/e.json", "f.txt"]) {
      const vcon = made();
      uuids.set(name, vcon.uuid);
      put(name, textOf(vcon));
    }
    const { out } = await through(`${folder}/${pattern}`);
    expect(uuidsOf(out)).toEqual(fitting.map((name) => uuids.get(name)!).sort());
  });

  it("with the signs of a pattern in its name is taken as it is", async () => {
    await deployFiles();
    const vcon = made();
    const path = put("[copy] (1).json", textOf(vcon));
    expect(uuidsOf((await through(path)).out)).toEqual([vcon.uuid]);
  });

  it.each<[string, (folder: string) => unknown, string]>([
    ["to nothing", (at) => join(at, "Carol Carter.json"), "FILE_NOT_FOUND"],
    ["to what is in no folder", (at) => join(at, "Carol Carter", "*.json"), "ENOENT"],
    ["to no file", () => "/dev/null", "FILE_NOT_FOUND"],
    ["that is empty", () => "", "BAD_INPUT"],
    ["that is none", () => 7, "BAD_INPUT"],
    ["with a NUL", () => "Carol\0*", "BAD_INPUT"],
  ])("%s is an error that does not say its name", async (_, pathIn, code) => {
    await deployFiles();
    const error = await refused(pathIn(folder));
    expect(error.code).toBe(code);
    expect(error.message).not.toContain("Carol");
  });

  it("to a file that is still being written waits for the whole of it", async () => {
    await deployFiles();
    const vcon = made();
    const text = textOf(vcon);
    const path = join(folder, "a.json");
    writeFileSync(path, text.slice(0, 50));
    nodeRed.send("files", { payload: path });
    await until(() => (nodeRed.status("files")?.text ?? "").includes("running"));
    appendFileSync(path, text.slice(50));
    await nodeRed.next("completed");
    expect(uuidsOf(taken("out"))).toEqual([vcon.uuid]);
  });

  it("to a file that is larger than the limit is refused before it is read", async () => {
    await deployFiles({ limit: 1 });
    const path = put("a.json");
    truncateSync(path, 50_000_000_000);
    const hourAgo = Date.now() / 1000 - 3600;
    utimesSync(path, hourAgo, hourAgo);
    const { failed } = await through(path, 1);
    expect(failed).toMatchObject([{ filename: path, error: { code: "VCON_TOO_LARGE" } }]);
  });

  it("on a message that nests too deep to be copied is refused in the log, and taken with the next one", async () => {
    await deployFiles();
    nodeRed.log.length = 0;
    const vcons = Array.from({ length: 8 }, () => made());
    for (const [index, vcon] of vcons.entries()) put(`${index}.json`, textOf(vcon));
    nodeRed.send("files", { payload: folder, more: deep() });
    await until(() => nodeRed.log.length > 0);
    expect(nodeRed.log).toMatchObject([{ id: "files", message: expect.stringContaining("nests too deep") }]);
    expect(uuidsOf((await through(folder)).out)).toEqual(vcons.map(({ uuid }) => uuid).sort());
  });

  it("to a file that is being written is not waited for when the flow is stopped, and the log says so", async () => {
    await deployFiles();
    const path = join(folder, "a.json");
    writeFileSync(path, "{");
    const writing = setInterval(() => appendFileSync(path, " "), 200);
    onTestFinished(() => clearInterval(writing));
    nodeRed.send("files", { payload: path });
    await until(() => (nodeRed.status("files")?.text ?? "").includes("running"));
    nodeRed.log.length = 0;
    await nodeRed.redeploy();
    expect(nodeRed.log).toMatchObject([
      { id: "files", message: expect.stringContaining("Send the message again") },
    ]);
  });

  it("names the file in the message to a Catch node, and nowhere else", async () => {
    await deployFiles();
    const path = put("Carol Carter.json", "no vCon");
    const { failed } = await through(folder, 1);
    expect(failed).toMatchObject([{ filename: path, error: { code: "VCON_MALFORMED" } }]);
    expect(JSON.stringify([(failed[0] as Failure).error, nodeRed.log])).not.toContain("Carol");
  });
});

describe("a file whose vCon is stored", () => {
  it("is deleted where the node says so, and one that is none stays", async () => {
    await deployFiles({ afterwards: "delete" });
    put("a.json");
    put("empty.json", "");
    await through(folder, 1);
    expect(lying()).toEqual(["empty.json"]);
  });

  it("is moved where the node says so, in its folders, and one that is none to the failed", async () => {
    await deployFiles({ afterwards: "move", moveTo: `${folder}/done`, subfolders: true });
    const texts = [textOf(made()), textOf(made())];
    put("a.json", texts[0]);
    put("in/deep/b.json", texts[1]);
    put("in/c.json", "no vCon");
    await through(folder, 1);
    expect(lying()).toEqual(["done/a.json", "done/failed/in/c.json", "done/in/deep/b.json"]);
    expect(readFileSync(join(folder, "done/a.json"), "utf8")).toBe(texts[0]);
    expect((await through(folder)).out).toEqual([]);
  });

  it("is moved beside another of its name", async () => {
    await deployFiles({ afterwards: "move", moveTo: `${folder}/done` });
    const texts = [textOf(made()), textOf(made()), textOf(made())];
    for (const text of texts) await through(put("export.vcon.json", text));
    const moved = lying();
    expect(moved).toHaveLength(3);
    for (const name of moved) expect(name).toMatch(/^done\/export\.vcon(-\d{17})?\.json$/);
    expect(moved.map((name) => readFileSync(join(folder, name), "utf8")).sort()).toEqual(texts.sort());
  });

  it("goes on even if it can't be moved, and the error says so", async () => {
    writeFileSync(join(folder, "done"), "a file");
    await deployFiles({ afterwards: "move", moveTo: `${folder}/done` });
    const vcon = made();
    const path = put("a.json", textOf(vcon));
    const { out, failed } = await through(path, 1);
    expect(uuidsOf(out)).toEqual([vcon.uuid]);
    expect(failed).toMatchObject([
      { filename: path, error: { message: expect.stringContaining("can't be moved") } },
    ]);
    expect(existsSync(path)).toBe(true);
  });
});

describe("a watched folder", () => {
  it("gives what lies in it and what comes, each once", async () => {
    const vcons = [made(), made(), made(), made()];
    put("a.json", textOf(vcons[0]!));
    put("b.json", textOf(vcons[1]!));
    await watch();
    expect(await nextUuids(2)).toEqual([vcons[0]!.uuid, vcons[1]!.uuid].sort());
    put("c.json", textOf(vcons[2]!));
    const last = await nodeRed.next("out");
    expect(last).toMatchObject({
      payload: vcons[2]!.uuid,
      filename: join(folder, "c.json"),
      form: "unsigned",
    });
    put("d.json", textOf(vcons[3]!));
    expect(await nextUuids(1)).toEqual([vcons[3]!.uuid]);
    expect(lying()).toEqual(["a.json", "b.json", "c.json", "d.json"]);
  });

  it("whose files are left gives nothing anew after a restart", async () => {
    const [old, late] = [made(), made()];
    put("a.json", textOf(old));
    await watch();
    await nextUuids(1);
    await nodeRed.redeploy();
    put("b.json", textOf(late));
    expect(await nextUuids(1)).toEqual([late.uuid]);
    expect(nodeRed.received("out")).toEqual([]);
  });

  it("whose files are moved gives again what a crash has left between storing and moving", async () => {
    const vcon = made();
    await store.create(vcon);
    put("a.json", textOf(vcon));
    await watch({ afterwards: "move", moveTo: `${folder}/done` });
    expect(await nextUuids(1)).toEqual([vcon.uuid]);
    await until(() => existsSync(join(folder, "done/a.json")));
  });

  it("loses none when it is restarted in the middle", async () => {
    const vcons = Array.from({ length: 200 }, () => made());
    for (const [index, vcon] of vcons.entries()) put(`${index}.json`, textOf(vcon));
    await watch({ afterwards: "delete" });
    const given = new Set(await nextUuids(10));
    for (const { payload } of taken("out")) given.add(payload);
    const before = nodeRed.received("out");
    await nodeRed.redeploy();
    for (const { payload } of before) given.add(payload);
    await until(() => lying().length === 0);
    for (const { payload } of taken("out")) given.add(payload);
    expect([...given].sort()).toEqual(vcons.map(({ uuid }) => uuid).sort());
  });

  it("gives a file that grows when it is whole, and one that is renamed into its name", async () => {
    await watch();
    const [slow, renamed] = [made("slow"), made("renamed")];
    const path = join(folder, "slow.json");
    const pieces = textOf(slow).match(/.{1,100}/gs)!;
    writeFileSync(path, "");
    const timer = setInterval(() => {
      const piece = pieces.shift();
      if (piece === undefined) clearInterval(timer);
      else appendFileSync(path, piece);
    }, 300);
    writeFileSync(join(folder, "b.json.part"), textOf(renamed));
    renameSync(join(folder, "b.json.part"), join(folder, "b.json"));
    expect(await nextUuids(2)).toEqual([slow.uuid, renamed.uuid].sort());
    expect(nodeRed.received("failure")).toEqual([]);
  });

  it("tells once of a file that is none, goes on with the others, and takes it when it is mended", async () => {
    const [good, mended] = [made(), made()];
    const path = put("a.json", "no vCon");
    put("b.json", textOf(good));
    await watch();
    expect(await nextUuids(1)).toEqual([good.uuid]);
    expect(await nodeRed.next("failure")).toMatchObject({
      filename: path,
      error: { code: "VCON_MALFORMED" },
    });
    put("c.json", textOf(made()));
    await nextUuids(1);
    put("a.json", textOf(mended));
    expect(await nextUuids(1)).toEqual([mended.uuid]);
    expect(nodeRed.received("failure")).toEqual([]);
  });

  it("takes a file again when others may read it than before", async () => {
    const path = put("a.json", "no vCon");
    await watch();
    await nodeRed.next("failure");
    chmodSync(path, 0o444);
    expect(await nodeRed.next("failure")).toMatchObject({ filename: path });
  });

  it("gives what it stored although the store's answer was lost", async () => {
    const redis = await startRedis();
    const proxy = await startForgetfulProxy(redis.port, "vcon_created");
    onTestFinished(async () => {
      await nodeRed.deploy([]);
      proxy.close();
      await redis.stop();
    });
    // So that the server knows the script, and the first answer is that of the write.
    const before = await openStore(redis.url);
    await before.create(made());
    await before.close();
    const vcon = made();
    put("a.json", textOf(vcon));
    const url = `redis://127.0.0.1:${proxy.port}`;
    await nodeRed.deploy([{ ...storeNode, url }, { ...files, from: "folder", folder }, ...ends]);
    expect(await nextUuids(1)).toEqual([vcon.uuid]);
    expect(proxy.lost()).toBe(1);
  });

  it("puts aside what is none where files are moved", async () => {
    put("a.json", "no vCon");
    await watch({ afterwards: "move", moveTo: `${folder}/done`, subfolders: true });
    await nodeRed.next("failure");
    await until(() => lying().join() === "done/failed/a.json");
    const vcon = made();
    put("b.json", textOf(vcon));
    expect(await nextUuids(1)).toEqual([vcon.uuid]);
    expect(nodeRed.received("failure")).toEqual([]);
  });

  it("that is not there is told once each time, and watched when it is", async () => {
    const away = join(folder, "away");
    await watch({ folder: away });
    await until(() => nodeRed.status("files")?.fill === "red");
    const [one, two] = [made(), made()];
    put("away/a.json", textOf(one));
    expect(await nextUuids(1)).toEqual([one.uuid]);
    await until(() => nodeRed.status("files")?.fill === "green");
    rmSync(away, { recursive: true });
    await until(() => nodeRed.status("files")?.fill === "red");
    put("away/b.json", textOf(two));
    expect(await nextUuids(1)).toEqual([two.uuid]);
    const told = nodeRed.log.filter(({ message }) => message.startsWith("The folder can't be read (ENOENT)"));
    expect(told).toHaveLength(2);
  });

  it("that is empty when it is there again is watched, and is told of when it goes once more", async () => {
    const away = join(folder, "away");
    nodeRed.log.length = 0;
    await watch({ folder: away });
    for (let time = 0; time < 2; time++) {
      await until(() => nodeRed.status("files")?.fill === "red");
      mkdirSync(away);
      await until(() => nodeRed.status("files")?.fill === "green");
      rmSync(away, { recursive: true });
    }
    await until(() => nodeRed.log.length === 3);
    for (const { message } of nodeRed.log) expect(message).toContain("The folder can't be read (ENOENT)");
  });

  it.each<[string, () => object]>([
    ["is the one to move to", () => ({ moveTo: folder })],
    ["is the one to move to, by another way", () => ({ moveTo: linkTo(folder) })],
    ["gets what holds no vCon", () => ({ folder: join(folder, "failed"), moveTo: folder })],
  ])("that %s is refused", async (_, settings) => {
    const path = put("failed/a.json");
    await watch({ afterwards: "move", subfolders: true, ...settings() });
    await until(() => nodeRed.log.some(({ message }) => message.includes(`"Move to" is the folder`)));
    expect(existsSync(path)).toBe(true);
    expect(lying()).toEqual(["failed/a.json"]);
  });

  it("takes no messages", async () => {
    await watch();
    expect(await refused(folder)).toMatchObject({ code: "BAD_INPUT" });
  });
});

describe("an upload", () => {
  it("as a form of files is stored, and is answered when it is", async () => {
    const userFolder = makeUserFolder();
    const program = await startProgram(process.execPath, "node-red-5", userFolder);
    onTestFinished(async () => {
      await program.stop();
      rmSync(userFolder, { recursive: true, force: true });
    });
    await program.deploy([
      { id: "tab", type: "tab", label: "test" },
      storeNode,
      ...[
        { id: "post", type: "http in", url: "/vcons", method: "post", upload: true, wires: [["files"]] },
        { ...files, content: "req.files" },
        { id: "complete", type: "complete", scope: ["files"], wires: [["answer"]] },
        { id: "answer", type: "http response", statusCode: "204", wires: [] },
      ].map((node) => ({ z: "tab", x: 0, y: 0, ...node })),
    ] as FlowNode[]);
    const vcons = [made(), made()];
    const form = new FormData();
    for (const vcon of vcons) form.append("file", new Blob([textOf(vcon)]), "export.json");
    const { status } = await fetch(`${program.url}/vcons`, { method: "POST", body: form });
    expect(status).toBe(204);
    const uploaded = await openStore("sqlite:test.sqlite", { folder: userFolder, country: "US" });
    for (const vcon of vcons) expect(await uploaded.get(vcon.uuid)).toEqual(vcon);
    await uploaded.close();
  });
});
