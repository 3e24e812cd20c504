/** Files of rows: CSV and JSON Lines. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { newUuid, type Row } from "../../../core/index.ts";
import { keepsTheContract, PROJECTION, rowAgain } from "../../support/destination.ts";
import { useFileNode } from "../../support/file-node.ts";
import { chat, stored } from "../../support/vcons.ts";

const place = useFileNode();
const { deploy, sent, refused, row, erase, files, csvFile, csvRows, linesFile, lines } = place;

const csvText = () => readFileSync(csvFile(), "utf8");
const inTurn = async (...rows: Row[]) => {
  const uuids: string[] = [];
  for (const members of rows) uuids.push(await sent(await row(members)));
  return uuids;
};

describe("rows as CSV", () => {
  keepsTheContract(() => ({
    nodeRed: place.nodeRed,
    store: place.store,
    deploy: () => deploy(),
    copies: async (uuid) => (existsSync(csvFile()) ? csvRows().filter((one) => one["uuid"] === uuid) : []),
    requests: undefined,
    vendor: "file system",
    held: (value) => String(value ?? ""),
  }));

  it("stand under their columns, the UUID first, each on a line that ends as RFC 4180 says", async () => {
    await deploy();
    const [first, second] = await inTurn({ seconds: 26, text: 'a "b", c', 2026: true }, { seconds: null });
    expect(csvText()).toBe(`uuid,2026,seconds,text\r\n${first},true,26,"a ""b"", c"\r\n${second},,,\r\n`);
  });

  it("get the columns that a later one has, at the right, and may lack what an earlier one had", async () => {
    await deploy();
    const [first, second, third] = await inTurn({ text: "two\nlines" }, { mood: "good" }, { text: "x" });
    expect(csvText()).toBe(`uuid,text,mood\r\n${first},"two\nlines",\r\n${second},,good\r\n${third},x,\r\n`);
  });

  it("are replaced where they stand when the vCon has a newer one", async () => {
    await deploy();
    const [first, second] = await inTurn({ text: "first" }, { text: "second" });
    await rowAgain(place.store, first!, { text: "newer" });
    await sent(first!);
    expect(csvText()).toBe(`uuid,text\r\n${first},newer\r\n${second},second\r\n`);
  });

  it("are only appended otherwise: the file stays the same one", async () => {
    await deploy();
    await inTurn({ text: "a" });
    const { ino } = statSync(csvFile());
    await inTurn({ text: "b" }, { text: "c" });
    expect(statSync(csvFile()).ino).toBe(ino);
    expect(csvRows().map(({ text }) => text)).toEqual(["a", "b", "c"]);
  });

  it("may have columns that objects have by nature", async () => {
    await deploy();
    const members = JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}');
    await inTurn(members, { text: "x" });
    expect(csvText().split("\r\n")[0]).toBe("uuid,__proto__,constructor,toString,text");
    expect(csvText().split("\r\n")[1]).toMatch(/,a,b,c,$/);
    expect(csvText().split("\r\n")[2]).toMatch(/,,,,x$/);
  });

  it("lie in the folder of the vCon's day, one file a day", async () => {
    await deploy({ daily: true });
    const uuids = await Promise.all(
      ["2026-11-02T10:00:00Z", "2026-11-03T10:00:00Z"].map(async (created_at) => {
        const uuid = await stored(place.store, { ...chat("Good morning."), created_at });
        await rowAgain(place.store, uuid, { text: "x" });
        return uuid;
      }),
    );
    await Promise.all(uuids.map((uuid) => sent(uuid)));
    expect(files()).toEqual([`2026/11/02/${PROJECTION}.csv`, `2026/11/03/${PROJECTION}.csv`]);
  });

  it("of two nodes that write one file at the same moment are all there, and columns of both", async () => {
    await deploy({}, { id: "other" });
    const uuids = await Promise.all(
      Array.from({ length: 80 }, (_, number) => row({ number, [`column ${number % 5}`]: number })),
    );
    await Promise.all(uuids.map((uuid, index) => sent(uuid, index % 2 === 0 ? "node" : "other")));
    const written = csvRows();
    expect(written.map(({ uuid }) => uuid).sort()).toEqual([...uuids].sort());
    for (const one of written) {
      const number = uuids.indexOf(one["uuid"]!);
      expect(one).toMatchObject({ number: String(number), [`column ${number % 5}`]: String(number) });
    }
    expect(files()).toEqual([`${PROJECTION}.csv`]);
  });

  it("are whole also where the file is larger than what is read of it at a time", async () => {
    await deploy();
    const text = (number: number) =>
      `${number} ${'two\nlines, "quoted" and über 召回\r\n'.repeat(200 + number)}`;
    const uuids = await inTurn(...Array.from({ length: 30 }, (_, number) => ({ text: text(number) })));
    await rowAgain(place.store, uuids[15]!, { text: "newer", more: 1 });
    await sent(uuids[15]!);
    await erase(uuids[7]!);
    const expected = uuids.map((uuid, number) =>
      number === 15 ? { uuid, text: "newer", more: "1" } : { uuid, text: text(number), more: "" },
    );
    expect(csvRows()).toEqual(expected.toSpliced(7, 1));
  });

  it("keep who may read the file when it is written anew", async () => {
    await deploy();
    const [first] = await inTurn({ text: "a" });
    const umask = process.umask(0o077);
    try {
      await rowAgain(place.store, first!, { text: "b" });
      await sent(first!);
    } finally {
      process.umask(umask);
    }
    expect(statSync(csvFile()).mode & 0o777).toBe(0o640);
  });
});

describe("rows as JSON Lines", () => {
  keepsTheContract(() => ({
    nodeRed: place.nodeRed,
    store: place.store,
    deploy: () => deploy({ format: "lines" }),
    copies: async (uuid) => (existsSync(linesFile()) ? lines().filter((one) => one["uuid"] === uuid) : []),
    requests: undefined,
    vendor: "file system",
  }));

  it("are objects that begin with the UUID, each on a line of its own, whatever stands in it", async () => {
    await deploy({ format: "lines" });
    const [first, second] = await inTurn({ 2026: "two\nlines\u2028" }, {});
    expect(readFileSync(linesFile(), "utf8")).toBe(
      `{"uuid":"${first}","2026":"two\\nlines\u2028"}\n{"uuid":"${second}"}\n`,
    );
  });

  it("are replaced where they stand when the vCon has a newer one", async () => {
    await deploy({ format: "lines" });
    const [first] = await inTurn({ text: "first" }, { text: "second" });
    await rowAgain(place.store, first!, { text: "newer", more: 1 });
    await sent(first!);
    expect(lines()).toMatchObject([{ text: "newer", more: 1 }, { text: "second" }]);
  });
});

describe("a file that others change", () => {
  it("keeps the rows that they changed and added, and gives back none that they removed", async () => {
    await deploy();
    const [first, second] = await inTurn({ text: "first" }, { text: "second" });
    const own = newUuid();
    writeFileSync(csvFile(), `uuid,text,note\n${second},"changed",mine\n${own},x,\n`);
    const [third] = await inTurn({ text: "third" });
    expect(csvText()).toBe(`uuid,text,note\n${second},"changed",mine\n${own},x,\n${third},third,\r\n`);
    await sent(first!);
    expect(csvRows().map(({ uuid }) => uuid)).toEqual([second, own, third, first]);
  });

  it("is begun anew where they removed it", async () => {
    await deploy();
    await inTurn({ text: "first" });
    rmSync(csvFile());
    const [second] = await inTurn({ text: "second" });
    expect(csvText()).toBe(`uuid,text\r\n${second},second\r\n`);
  });

  it("is begun where they left it empty", async () => {
    await deploy();
    mkdirSync(place.folder);
    writeFileSync(csvFile(), "");
    const [uuid] = await inTurn({ text: "x" });
    expect(csvText()).toBe(`uuid,text\r\n${uuid},x\r\n`);
  });

  it("may begin with the mark that a spreadsheet puts there, and have one row twice", async () => {
    await deploy();
    const [uuid] = await inTurn({ text: "x" });
    const line = `${uuid?.toUpperCase()},x`;
    writeFileSync(csvFile(), `\ufeffuuid,text\r\n${line}\r\n"${uuid}",y\r\n`);
    await rowAgain(place.store, uuid!, { text: "newer" });
    await sent(uuid!);
    expect(csvText()).toBe(`uuid,text\r\n${uuid},newer\r\n`);
  });

  it("may have quotes in values that do not begin with one, as people write inches", async () => {
    await deploy();
    const [first, second, third] = await inTurn({ text: "a" }, { text: "b" }, { text: "c" });
    const line = (uuid: string | undefined, inches: number) =>
      `${uuid},${inches}" pipe, "" and ""${inches}""\n`;
    writeFileSync(csvFile(), `uuid,text,more\n${line(first, 5)}${line(second, 6)}${line(third, 7)}`);
    await rowAgain(place.store, first!, { text: "newer" });
    await sent(first!);
    expect(csvText()).toBe(`uuid,text,more\r\n${first},newer,\r\n${line(second, 6)}${line(third, 7)}`);
    await erase(second!);
    expect(csvText()).toBe(`uuid,text,more\r\n${first},newer,\r\n${line(third, 7)}`);
  });

  it.each([
    ["has another first column", "name,text\r\nCarol Carter,x\r\n"],
    ["names a column twice", "uuid,text,text\r\n"],
    ["was saved with semicolons", "uuid;text\r\n"],
    ["is no CSV", '"uuid\r\n'],
    ["ends in a line that is not ours", "uuid,text\r\nCarol Carter,x"],
    ["has a quote that is left open", `uuid,text\r\n${newUuid()},"x\r\n${newUuid()},y\r\n`],
  ])("is left alone, and the error says why: it %s", async (_, text) => {
    await deploy();
    mkdirSync(place.folder);
    writeFileSync(csvFile(), text);
    expect(await refused(await row())).toMatchObject({
      code: "OTHER_CONTENT",
      message: expect.stringContaining(csvFile()),
    });
    expect(csvText()).toBe(text);
    expect(files()).toEqual([`${PROJECTION}.csv`]);
  });

  it("is left alone where it ends in a line that is no JSON, and not ours", async () => {
    await deploy({ format: "lines" });
    mkdirSync(place.folder);
    writeFileSync(linesFile(), '{"uuid":"x"}\nCarol');
    expect(await refused(await row())).toMatchObject({ code: "OTHER_CONTENT" });
    expect(readFileSync(linesFile(), "utf8")).toBe('{"uuid":"x"}\nCarol');
  });
});

describe("a crash in the middle of a row", () => {
  it.each([
    ["in its UUID", "0192837"],
    ["behind it", `${newUuid()}`],
    ["in its text", `${newUuid()},"two\r\nlines, `],
    ["in a row that looks like two", `${newUuid()},"x\nnot-a-uuid,`],
  ])("leaves a part that the next row takes the place of: %s", async (_, part) => {
    await deploy();
    const [first] = await inTurn({ text: "first" });
    appendFileSync(csvFile(), part);
    const [second] = await inTurn({ text: "second" });
    expect(csvText()).toBe(`uuid,text\r\n${first},first\r\n${second},second\r\n`);
  });

  it.each([
    ["a value", "x", `x\n`],
    ["a value in quotes", '"two\nlines"', `"two\nlines"\n`],
    ["a value in quotes and half of its line end", '"x"\r', '"x"\r\n'],
  ])("or the hand of somebody, leaves a row with all its columns, which stays: %s", async (_, end, kept) => {
    await deploy();
    const [first] = await inTurn({ text: "first" });
    const own = newUuid();
    appendFileSync(csvFile(), `${own},${end}`);
    const [second] = await inTurn({ text: "second" });
    expect(csvText()).toBe(`uuid,text\r\n${first},first\r\n${own},${kept}${second},second\r\n`);
    await erase(own, await place.handleOf(first!));
    expect(csvText()).toBe(`uuid,text\r\n${first},first\r\n${second},second\r\n`);
  });

  it.each([
    ["a part of it, which goes", '{"uuid":"0192', []],
    ["a part of its first letters, which goes", '{"u', []],
    [
      "all but its end, which it gets",
      '{"uuid":"01928374-0000-8000-8000-000000000001","text":"whole"}',
      ["whole"],
    ],
  ])("leaves of a JSON line %s", async (_, part, kept) => {
    await deploy({ format: "lines" });
    await inTurn({ text: "first" });
    appendFileSync(linesFile(), part);
    await inTurn({ text: "second" });
    expect(lines().map(({ text }) => text)).toEqual(["first", ...kept, "second"]);
  });
});

describe("an erasure", () => {
  it("removes the row, and keeps the others as they are, whoever wrote them", async () => {
    await deploy();
    const [first, second] = await inTurn({ text: "first" }, { text: "second" });
    appendFileSync(csvFile(), `${newUuid()},  odd "text ,more,than columns\n`.replace('"', '""""'));
    const before = csvText();
    await erase(second!);
    expect(csvText()).toBe(before.replace(`${second},second\r\n`, ""));
    await erase(first!);
    await erase(first!);
    expect(csvText()).not.toContain("first");
  });

  it("removes what a crash has left of the file's writing, too: it holds rows", async () => {
    await deploy({ format: "lines" });
    const [uuid] = await inTurn({ text: "x" });
    writeFileSync(join(place.folder, `.${PROJECTION}.jsonl.tmp`), "x");
    await erase(uuid!);
    expect(files()).toEqual([`${PROJECTION}.jsonl`]);
    expect(lines()).toEqual([]);
  });

  it("is done where the file is gone", async () => {
    await deploy();
    const [uuid] = await inTurn({ text: "x" });
    rmSync(csvFile());
    await erase(uuid!);
    expect(files()).toEqual([]);
  });

  it("finds rows under the name that the projection had", async () => {
    await deploy();
    const [uuid] = await inTurn({ text: "x" });
    await deploy({ projection: "billing" });
    await erase(uuid!);
    expect(csvText()).toBe("uuid,text\r\n");
  });
});

describe("a vCon without the projection", () => {
  it("is refused, with what to do, and makes no file", async () => {
    await deploy({ projection: "billing" });
    expect(await refused(await row())).toMatchObject({ code: "NO_PROJECTION" });
    expect(existsSync(place.folder)).toBe(false);
  });
});
