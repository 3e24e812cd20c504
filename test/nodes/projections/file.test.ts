/** Files of whole vCons, and what holds for any file of the node. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { createGzip, gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { encodeBase64Url, newUuid, projectionAnalysis, VconError, writeVcon } from "../../../core/index.ts";
import { writeWhole } from "../../../nodes/projections/file/whole-file.ts";
import { PROJECTION } from "../../support/destination.ts";
import { useFileNode } from "../../support/file-node.ts";
import { call, chat, encrypted, inline, signed, stored } from "../../support/vcons.ts";

const place = useFileNode();
const { deploy, sent, refused, row, handleOf, erase, files } = place;

/** Stores a chat, or another vCon. */
const vcon = (made = chat("Good morning.")) => stored(place.store, made);
const pathOf = (uuid: string) => join(place.folder, `${uuid}.json`);
const recording = (bytes: number) => call(inline(Buffer.alloc(bytes, "Ünï")));

describe("a vCon", () => {
  it("is a file as it would be written, recordings and all", async () => {
    await deploy({ format: "json" });
    const uuid = await sent(await vcon(recording(1_000_000)));
    expect(files()).toEqual([`${uuid}.json`]);
    const written = JSON.parse(readFileSync(pathOf(uuid), "utf8"));
    expect(written).toEqual(JSON.parse(writeVcon(await place.store.get(uuid))));
    expect(await place.store.trail(uuid)).toMatchObject([
      { recipient: { categories: ["parties", "recording"] }, handle: { path: pathOf(uuid) } },
    ]);
  });

  it("is a file that gunzip reads", async () => {
    await deploy({ format: "gzip" });
    const uuid = await sent(await vcon(recording(1_000_000)));
    const file = readFileSync(`${pathOf(uuid)}.gz`);
    const written = JSON.parse(gunzipSync(file).toString());
    expect(written).toEqual(JSON.parse(writeVcon(await place.store.get(uuid))));
    expect(file.length).toBeLessThan(100_000);
  });

  it.each<[string, unknown, string]>([
    ["in the middle of a day", "2026-11-02T10:00:00Z", "2026/11/02"],
    ["when it was the day before in UTC", "2026-03-01T01:00:00+05:30", "2026/02/28"],
    ["when it was the next year in UTC", "2026-12-31T23:30:00-01:00", "2027/01/01"],
    ["at the beginning of time", "0001-01-01T00:00:00Z", "0001/01/01"],
    ["at its end, and a year later in UTC", "9999-12-31T23:59:59-01:00", "10000/01/01"],
    ["at a time in seconds", 1_793_613_600, "2026/11/02"],
    ["at no time that can be read", "soon", "undated"],
    ["at no time", undefined, "undated"],
  ])("lies in the folder of its day, made %s", async (_, created_at, day) => {
    await deploy({ format: "json", daily: true });
    const uuid = await sent(await vcon({ ...chat("Good morning."), created_at: created_at as string }));
    expect(files()).toEqual([join(day, `${uuid}.json`)]);
  });

  it("that comes again changed is written over its file; unchanged it stays", async () => {
    await deploy({ format: "json" });
    const uuid = await sent(await vcon());
    const before = statSync(pathOf(uuid));
    await sent(uuid);
    expect(statSync(pathOf(uuid)).ino).toBe(before.ino);
    await place.store.append(uuid, { tags: [{ name: "mood", value: "good" }] });
    await sent(uuid);
    expect(files()).toEqual([`${uuid}.json`]);
    expect(readFileSync(pathOf(uuid), "utf8")).toContain("mood:good");
  });

  it.each([
    ["signed", signed],
    ["encrypted", encrypted],
  ])("that is %s is a file as it is, and written once", async (_, make) => {
    await deploy({ format: "json" });
    const sealed = make();
    const uuid = await sent(await vcon(sealed as never));
    expect(JSON.parse(readFileSync(pathOf(uuid), "utf8"))).toEqual(sealed);
    const { ino } = statSync(pathOf(uuid));
    await sent(uuid);
    expect(statSync(pathOf(uuid)).ino).toBe(ino);
  });

  it("that is signed lies in the folder of the day when it was made", async () => {
    await deploy({ format: "json", daily: true });
    const uuid = newUuid();
    const payload = encodeBase64Url(Buffer.from(writeVcon({ ...chat("Good morning."), uuid })));
    await sent(await vcon({ payload, signatures: [{ header: { uuid }, signature: "AAAA" }] } as never));
    expect(files()).toEqual([`2026/11/02/${uuid}.json`]);
  });

  it("is written in an older syntax for those who know no newer, and again once the syntax is another", async () => {
    await deploy({ format: "json", syntax: "container00" });
    const uuid = await sent(await vcon(recording(1000)));
    const written = JSON.parse(readFileSync(pathOf(uuid), "utf8"));
    expect(written).toMatchObject({
      vcon: "0.0.1",
      dialog: [{ mimetype: expect.stringContaining("audio/") }],
    });
    await deploy({ format: "json" });
    await sent(uuid);
    expect(JSON.parse(readFileSync(pathOf(uuid), "utf8")).vcon).toBe("0.4.0");
  });

  it("that comes again is written again where its file was removed", async () => {
    await deploy({ format: "json" });
    const uuid = await sent(await vcon());
    rmSync(pathOf(uuid));
    await sent(uuid);
    expect(files()).toEqual([`${uuid}.json`]);
  });

  it("is written once more by a node with another folder", async () => {
    await deploy({ format: "json" }, { id: "other", format: "json", folder: join(place.folder, "other") });
    const uuid = await vcon();
    await Promise.all([sent(uuid), sent(uuid, "other")]);
    expect(files()).toEqual([`${uuid}.json`, `other/${uuid}.json`]);
  });

  it("is whole, though two nodes write it at the same moment", async () => {
    await deploy({ format: "json" }, { id: "other", format: "json" });
    const uuid = await vcon(recording(3_000_000));
    await Promise.all([sent(uuid), sent(uuid, "other")]);
    expect(files()).toEqual([`${uuid}.json`]);
    const written = JSON.parse(readFileSync(pathOf(uuid), "utf8"));
    expect(written).toEqual(JSON.parse(writeVcon(await place.store.get(uuid))));
  });

  it.each<[string, () => Promise<string>, string]>([
    ["is not in the store", async () => newUuid(), "VCON_NOT_FOUND"],
    ["is signed, and the syntax is an older one", () => vcon(signed() as never), "VCON_SEALED"],
    ["is encrypted, and the syntax is an older one", () => vcon(encrypted() as never), "VCON_SEALED"],
  ])("makes no file where it %s", async (_, make, code) => {
    await deploy({ format: "json", syntax: "core00" });
    expect(await refused(await make())).toMatchObject({ code });
    expect(existsSync(place.folder)).toBe(false);
  });
});

describe("a file", () => {
  it("is for Node-RED's user and its group alone, and so are the folders that are made", async () => {
    const umask = process.umask(0);
    try {
      await deploy({ format: "json" });
      const uuid = await sent(await vcon());
      expect(statSync(pathOf(uuid)).mode & 0o777).toBe(0o640);
      expect(statSync(place.folder).mode & 0o777).toBe(0o750);
    } finally {
      process.umask(umask);
    }
  });

  it("takes the place of what a crash has left of its writing", async () => {
    await deploy({ format: "json" });
    const uuid = await vcon();
    mkdirSync(place.folder);
    writeFileSync(join(place.folder, `.${uuid}.json.tmp`), "{".repeat(1_000_000));
    await sent(uuid);
    expect(files()).toEqual([`${uuid}.json`]);
    expect(JSON.parse(readFileSync(pathOf(uuid), "utf8"))).toMatchObject({ uuid });
  });

  it.each<[string, (giveUp: AbortController) => void, object]>([
    ["is given up", (giveUp) => giveUp.abort(), { name: "AbortError" }],
    [
      "fails, as of a vCon that is deleted meanwhile",
      () => {
        throw new VconError("VCON_NOT_FOUND", "It is not in the store.");
      },
      { code: "VCON_NOT_FOUND" },
    ],
  ])("stays as it was when its writing %s", async (_, end, error) => {
    mkdirSync(place.folder);
    const path = join(place.folder, "a.json.gz");
    writeFileSync(path, "before");
    const giveUp = new AbortController();
    const content = async function* () {
      yield Buffer.from("half");
      end(giveUp);
      yield Buffer.from("the other half");
    };
    const writing = writeWhole({ path, content: content(), through: [createGzip()], signal: giveUp.signal });
    await expect(writing).rejects.toMatchObject(error);
    expect(files()).toEqual(["a.json.gz"]);
    expect(readFileSync(path, "utf8")).toBe("before");
  });

  it("lies in a relative folder where Node-RED's file nodes would have it", async () => {
    await deploy({ folder: relative(process.cwd(), place.folder) });
    await sent(await row());
    expect(files()).toEqual([`${PROJECTION}.csv`]);
  });
});

describe("the file of a projection", () => {
  async function written(projection: string): Promise<string[]> {
    const analysis = [projectionAnalysis({ name: projection, row: { text: "x" }, dialog: [0] })];
    await deploy({ projection });
    await sent(await vcon({ ...chat("Good morning."), analysis }));
    return files();
  }

  it.each([
    ["Anrufe über Öfen 召回", "Anrufe über Öfen 召回.csv"],
    ["U\u0308ber", "Über.csv"],
    ["calls.2026", "calls.2026.csv"],
    ["constructor", "constructor.csv"],
  ])("is named like it: %j", async (projection, name) => {
    expect(await written(projection)).toEqual([name]);
  });

  it.each([
    ["../../escape", "__.._escape"],
    ["/etc/passwd", "_etc_passwd"],
    ["C:\\calls", "C__calls"],
    ["..", "_"],
    [".hidden", "_hidden"],
    ["a:b*c?d", "a_b_c_d"],
    ["two\nlines\0", "two_lines_"],
    ["CON", "_CON"],
    ["com1.calls", "_com1.calls"],
    ["ends with dots...", "ends with dots_"],
    ["\ud800half", "\ufffdhalf"],
  ])("has a name that every system takes, and a mark: %j", async (projection, name) => {
    const [file, ...others] = await written(projection);
    expect(others).toEqual([]);
    expect(file).toMatch(/-[0-9a-f]{8}\.csv$/);
    expect(file!.slice(0, -"-12345678.csv".length)).toBe(name);
  });

  it("is another where two names become the same", async () => {
    await written("a/b");
    expect(await written("a:b")).toHaveLength(2);
  });

  it("is cut between characters where the name is long, and stays apart from others", async () => {
    await written(`${"召".repeat(100)}a`);
    const names = await written(`${"召".repeat(100)}b`);
    expect(names).toHaveLength(2);
    for (const name of names) expect(name).toMatch(/^召{66}-[0-9a-f]{8}\.csv$/);
  });
});

describe("a disk that does not take the file", () => {
  /** Makes something in the way of the file, and gives the folder to write. */
  const obstacles: [string, string, RegExp, (uuid: string) => string][] = [
    [
      "a file stands where the folder should be",
      "EEXIST",
      /A file stands where a folder should be/,
      () => {
        writeFileSync(place.folder, "");
        return place.folder;
      },
    ],
    [
      "a file stands on the way to the folder",
      "ENOTDIR",
      /A file stands where a folder should be/,
      () => {
        writeFileSync(place.folder, "");
        return join(place.folder, "below");
      },
    ],
    [
      "a folder stands where the file should be",
      "EISDIR",
      /A folder stands where the file should be/,
      (uuid) => {
        mkdirSync(pathOf(uuid), { recursive: true });
        return place.folder;
      },
    ],
    ["the path is too long", "ENAMETOOLONG", /too long/, () => join(place.folder, "a".repeat(256))],
    [
      "links lead in a circle",
      "ELOOP",
      /circle/,
      () => {
        symlinkSync(place.folder, place.folder);
        return join(place.folder, "below");
      },
    ],
  ];
  it.each(obstacles)(
    "is an error with the path and what to do, and nothing is left: %s",
    async (_, code, words, obstruct) => {
      const uuid = await vcon();
      const folder = obstruct(uuid);
      await deploy({ format: "json", folder });
      const error = await refused(uuid);
      expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
      expect(error.message).toContain(join(folder, `${uuid}.json`));
      if (existsSync(place.folder) && statSync(place.folder).isDirectory()) expect(files()).toEqual([]);
      expect(await place.store.trail(uuid)).toMatchObject([{ failed: true }]);
    },
  );

  it.each(["json", "csv"])("is full: %s is tried again, and there when there is room", async (format) => {
    const uuid = await row();
    await deploy({ format });
    const name = format === "json" ? `${uuid}.json` : `${PROJECTION}.csv`;
    mkdirSync(place.folder);
    // Every write to this device is answered as by a full disk.
    const full = join(place.folder, `.${name}.tmp`);
    symlinkSync("/dev/full", full);
    const running = sent(uuid);
    await expect.poll(() => existsSync(full)).toBe(false);
    await running;
    expect(files()).toEqual([name]);
    expect(await place.store.trail(uuid)).toHaveLength(1);
  });

  it("may not be written by Node-RED's user: the error says so, and once it may, the vCon is written", async () => {
    await deploy({ format: "json" });
    // The store's file is opened before, too.
    await sent(await vcon());
    const uuid = await vcon();
    chmodSync(place.folder, 0o500);
    const asRoot = process.geteuid?.() === 0;
    // Root may write anywhere.
    if (asRoot) process.seteuid!(65_534);
    try {
      expect(await refused(uuid)).toMatchObject({
        code: "EACCES",
        message: expect.stringContaining("may not write there"),
      });
    } finally {
      if (asRoot) process.seteuid!(0);
    }
    chmodSync(place.folder, 0o700);
    await sent(uuid);
    expect(files()).toContain(`${uuid}.json`);
  });
});

describe("an erasure", () => {
  it.each(["json", "gzip"])(
    "removes the vCon's file, %s, and what a crash has left of it",
    async (format) => {
      await deploy({ format, daily: true });
      const kept = await sent(await vcon());
      const uuid = await sent(await vcon());
      const path = String((await handleOf(uuid))["path"]);
      const remains = join(dirname(path), `.${basename(path)}.tmp`);
      writeFileSync(remains, "{");
      await erase(uuid);
      expect(files()).toEqual([relative(place.folder, String((await handleOf(kept))["path"]))]);
      await erase(uuid);
    },
  );

  it("finds the file also where the node writes something else by now", async () => {
    await deploy({ format: "json", daily: true });
    const uuid = await sent(await vcon());
    await deploy({ format: "csv" });
    await erase(uuid);
    expect(files()).toEqual([]);
  });

  it.each<[string, (uuid: string) => string]>([
    ["above the folder", (uuid) => join(place.folder, "..", `${uuid}.json`)],
    ["beside it, under a name that begins like it", (uuid) => join(`${place.folder}-2`, `${uuid}.json`)],
    ["behind a link that leads out of it", (uuid) => join(place.folder, "link", `${uuid}.json`)],
    ["in a relative path", (uuid) => `${uuid}.json`],
    ["of another vCon", () => join(place.folder, `${newUuid()}.json`)],
    ["of something else", () => join(place.folder, "settings.js")],
    ["of something else without a name", () => place.folder],
  ])("does not touch a file %s", async (_, pathFor) => {
    await deploy({ format: "json" });
    const uuid = await sent(await vcon());
    const outside = `${place.folder}-2`;
    mkdirSync(outside);
    symlinkSync(outside, join(place.folder, "link"));
    const path = pathFor(uuid);
    const isFile = path.startsWith("/") && path !== place.folder;
    if (isFile) writeFileSync(path, "{}");
    await expect(erase(uuid, { path, version: "" })).rejects.toMatchObject({ code: "OTHER_FOLDER" });
    if (isFile) expect(existsSync(path)).toBe(true);
    expect(existsSync(pathOf(uuid))).toBe(true);
  });

  it("is not said to be done where the folder is away, as on a disk that is not connected", async () => {
    await deploy({ format: "json" });
    const uuid = await sent(await vcon());
    renameSync(place.folder, `${place.folder} away`);
    await expect(erase(uuid)).rejects.toMatchObject({ code: "NO_FOLDER" });
    renameSync(`${place.folder} away`, place.folder);
    await erase(uuid);
    expect(files()).toEqual([]);
  });

  it("is done where the folder of the day is gone", async () => {
    await deploy({ format: "json", daily: true });
    const uuid = await sent(await vcon());
    rmSync(join(place.folder, "2026"), { recursive: true });
    await erase(uuid);
  });
});
