/** What every home has to do for those who change one vCon at a time: by its revision, and the media of its dialogs. */
import { beforeEach, describe, expect, test } from "vitest";
import {
  type AnyVcon,
  bodyValue,
  encodeBase64Url,
  type IncomingMedia,
  LARGE_BODY_BYTES,
  LargeBody,
  newUuid,
  type TrailEvent,
  type Vcon,
  type VconStore,
} from "../../core/index.ts";
import { analysis, dialog, draft, encrypted, happened, signed } from "./contract.ts";

const MEGABYTE = 1024 * 1024;
const CHANGED = { code: "VCON_CHANGED" };

export interface Tools {
  store(): VconStore;
  /** Another connection to the same vCons; to be closed. */
  another(): Promise<VconStore>;
  /** Stores a vCon that is deleted in the end. */
  create(vcon: AnyVcon): Promise<boolean>;
}

export function changing({ store: current, another, create }: Tools): void {
  let store: VconStore;

  beforeEach(() => {
    store = current();
  });

  async function make(members: Partial<Vcon> = {}): Promise<Vcon> {
    const vcon = draft(members);
    await create(vcon);
    return vcon;
  }

  async function revisionOf(uuid: string): Promise<string> {
    return (await store.read(uuid, ["sealed"])).revision;
  }

  async function bodyOf(uuid: string, index: number): Promise<unknown> {
    return (await store.read(uuid, ["dialog"])).dialog.get(index)!.body;
  }

  /** All of a vCon that a change could have touched. */
  async function all(uuid: string): Promise<unknown[]> {
    return [await store.get(uuid), await revisionOf(uuid), await store.trail(uuid)];
  }

  /** How the work of several writers ended, of whom one may have succeeded. */
  async function expectOneWinner(writing: Promise<unknown>[]): Promise<number> {
    const ends = await Promise.allSettled(writing);
    const winners = ends.flatMap(({ status }, i) => (status === "fulfilled" ? [i] : []));
    expect(winners).toHaveLength(1);
    for (const end of ends) if (end.status === "rejected") expect(end.reason).toMatchObject(CHANGED);
    return winners[0]!;
  }

  describe("an addition to one revision", () => {
    const additions = {
      analysis: { analysis: [analysis("b")] },
      "a large analysis": { analysis: [analysis("b", { body: "b".repeat(100_000) })] },
      attachments: { attachments: [{ purpose: "note", body: "b" }] },
      tags: { tags: [{ name: "b", value: "1" }], extensions: ["CC"] },
      nothing: {},
      "what is there": { analysis: [analysis("a")] },
    };

    test.each(Object.entries(additions))("is made to that one and to no other: %s", async (_, addition) => {
      const { uuid } = await make({ analysis: [analysis("a")] });
      const revision = await revisionOf(uuid);
      const events = [happened("vcon_sent")];
      await store.append(uuid, { ...addition, revision }, events);
      expect(await store.trail(uuid)).toEqual(events);
      await store.append(uuid, { attachments: [{ purpose: "another" }] });
      const before = await all(uuid);
      await expect(store.append(uuid, { ...addition, revision }, events)).rejects.toMatchObject(CHANGED);
      expect(await all(uuid)).toEqual(before);
    });

    test("is made by one of several writers", async () => {
      const other = await another();
      const { uuid } = await make();
      const revision = await revisionOf(uuid);
      const winner = await expectOneWinner(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 ? store : other).append(uuid, { analysis: [analysis(`a${i}`)], revision }),
        ),
      );
      expect(((await store.get(uuid)) as Vcon).analysis).toEqual([analysis(`a${winner}`)]);
      await other.close();
    });

    test("tells that a vCon is missing or sealed", async () => {
      const missing = store.append(newUuid(), { revision: "r" });
      await expect(missing).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
      for (const vcon of [signed(), encrypted()]) {
        await create(vcon);
        const uuid = String(vcon["uuid"]);
        const revision = await revisionOf(uuid);
        await expect(store.append(uuid, { revision: `${revision}0` })).rejects.toMatchObject(CHANGED);
        const adding = store.append(uuid, { attachments: [{}], revision });
        await expect(adding).rejects.toMatchObject({ code: "VCON_SEALED" });
        expect(await store.append(uuid, { revision }, [happened("vcon_sent")])).toBe(false);
        expect(await store.trail(uuid)).toHaveLength(1);
      }
    });
  });

  describe("a deletion of one revision", () => {
    test("removes that one and no other", async () => {
      for (const vcon of [
        draft({ dialog: [dialog({ body: "x".repeat(100_000) })] }),
        signed(),
        encrypted(),
      ]) {
        await create(vcon);
        const uuid = String(vcon["uuid"]);
        const first = await revisionOf(uuid);
        await store.replace(uuid, first, vcon);
        const before = await all(uuid);
        const deleting = store.delete(uuid, happened("vcon_deleted"), first);
        await expect(deleting).rejects.toMatchObject(CHANGED);
        expect(await all(uuid)).toEqual(before);
        const revision = await revisionOf(uuid);
        const event = happened("vcon_deleted");
        expect(await store.delete(uuid, event, revision)).toBe(true);
        await expect(store.get(uuid)).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
        expect(await store.trail(uuid)).toEqual([event]);
        expect(await store.delete(uuid, event, revision)).toBe(false);
      }
    });

    test("is made by one of several who change the same revision", async () => {
      const other = await another();
      const { uuid } = await make();
      const revision = await revisionOf(uuid);
      const ends = await Promise.allSettled([
        store.append(uuid, { analysis: [analysis("a")], revision }),
        other.delete(uuid, undefined, revision),
        store.setMedia(uuid, 0, media("x"), { revision }),
      ]);
      expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      await other.close();
    });
  });

  describe("a range of a large body", () => {
    // Bytes and places that no power of two divides, characters of several bytes, and what JSON escapes.
    const text = `${'é"\\\n\u0001日🎈'.repeat(400_001)}x`;
    const object = Array.from({ length: 20_000 }, (_, i) => ({ word: `wörd ${i}` }));
    const ascii = "A1b_".repeat(1_300_003);

    test.each<[string, never]>([
      ["text", text as never],
      ["JSON", object as never],
      ["base64url", ascii as never],
    ])("is a part of its bytes: %s", async (_, body) => {
      const { uuid } = await make({ dialog: [dialog({ body: "small" }), dialog({ body })] });
      const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
      const handle = (await bodyOf(uuid, 1)) as LargeBody;
      expect(handle.size).toBe(bytes.length);
      const ranges = [
        [0, 1],
        [1, 70_001],
        [262_143, 262_145],
        [bytes.length - 1, bytes.length],
        [bytes.length - 300_007, bytes.length - 3],
        [77_777, bytes.length + 1000],
        [7, 7],
        [bytes.length, bytes.length + 1],
        [9, 5],
      ];
      for (const [start, end] of ranges) {
        const read = await gathered(handle.stream(start, end));
        expect([start, end, read.equals(bytes.subarray(start, Math.max(start!, end!)))]).toEqual([
          start,
          end,
          true,
        ]);
      }
      expect((await gathered(handle.stream())).equals(bytes)).toBe(true);
      expect((await gathered(handle.stream(5))).equals(bytes.subarray(5))).toBe(true);
      expect(await handle.value()).toEqual(body);
    });

    test("can be left before its end, and comes from the same body or not at all", async () => {
      const { uuid } = await make({ dialog: [dialog({ body: ascii })] });
      const handle = (await bodyOf(uuid, 0)) as LargeBody;
      for await (const piece of handle.stream(3)) {
        expect(Buffer.from(piece).toString()).toBe(ascii.slice(3, 3 + piece.length));
        break;
      }
      await store.setMedia(uuid, 0, media(Buffer.from(ascii.toLowerCase(), "base64url")));
      await expect(gathered(handle.stream(1, 2))).rejects.toMatchObject(CHANGED);
      const next = (await bodyOf(uuid, 0)) as LargeBody;
      expect(next.size).toBe(handle.size);
      await store.delete(uuid);
      await expect(gathered(next.stream(1, 2))).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
    });
  });

  describe("setMedia", () => {
    /** A text of so many bytes is the largest that stands with its element. */
    const edge = (LARGE_BODY_BYTES / 4) * 3;

    test.each([0, 1, 2, 3, 48_000, edge - 1, edge, edge + 1, 200_000, 6 * MEGABYTE + 5])(
      "makes %i bytes, in whatever pieces they come, the body of a dialog",
      async (length) => {
        const { uuid } = await make({ dialog: [dialog(), dialog({ type: "recording" })] });
        const bytes = Buffer.alloc(length);
        for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8);
        await store.setMedia(uuid, 1, { bytes: inOddPieces(bytes), mediatype: "audio/x-wav" });
        const { dialog: dialogs } = await store.read(uuid, ["dialog:recording"]);
        const { body, ...members } = dialogs.get(1)!;
        expect(members).toEqual({
          ...dialog({ type: "recording" }),
          encoding: "base64url",
          mediatype: "audio/x-wav",
        });
        expect(body instanceof LargeBody).toBe(length > edge);
        const text = encodeBase64Url(bytes);
        expect(await bodyValue({ body: body! })).toBe(text);
        if (!(body instanceof LargeBody)) return;
        expect([body.size, body.kind]).toEqual([text.length, "text"]);
        for (const [start, end] of [
          [1, 7],
          [65_535, 65_539],
          [text.length - 5, text.length],
        ]) {
          const range = await gathered(body.stream(start, end));
          expect(range.toString()).toBe(text.slice(start, end));
        }
      },
    );

    test("lets other members stand, and takes away what was said of the former media", async () => {
      const kept = { start: "2024-05-06T07:08:09Z", duration: 2.5, "a.b": { c: [] }, custom: null };
      const { uuid, ...rest } = await make({
        subject: "A question",
        parties: [{ name: "Alice" }],
        dialog: [
          dialog({ body: "first" }),
          {
            type: "recording",
            ...kept,
            filename: "old.wav",
            url: "https://example.com/old.wav",
            content_hash: "sha512-x",
            alg: "SHA-512",
            signature: "x",
            mimetype: "audio/x-wav",
          } as never,
        ],
        analysis: [analysis("a")],
      });
      const media = { encoding: "base64url", mediatype: "audio/mpeg" };
      for (const [filename, body] of [
        ["old.wav", ""],
        ["new.mp3", "aGk"],
        ["new.mp3", encodeBase64Url(Buffer.alloc(100_000))],
        ["new.mp3", "aGk"],
      ] as const) {
        await store.setMedia(uuid, 1, {
          bytes: inOddPieces(Buffer.from(body, "base64url")),
          mediatype: "audio/mpeg",
          filename: filename === "old.wav" ? undefined : filename,
        });
        const { updated_at: updatedAt, ...vcon } = (await store.get(uuid)) as Vcon;
        expect(updatedAt).toEqual(expect.any(String));
        expect(vcon).toEqual({
          uuid,
          ...rest,
          dialog: [rest.dialog![0], { type: "recording", ...kept, ...media, filename, body }],
        });
      }
    });

    test("changes the revision and writes the events", async () => {
      const { uuid } = await make({ dialog: [dialog(), dialog()] });
      const seen = [await revisionOf(uuid)];
      const events: TrailEvent[] = [];
      for (const content of ["a", "a", Buffer.alloc(100_000), Buffer.alloc(100_000), "a"]) {
        const these = [happened("vcon_enhanced"), happened("vcon_sent")];
        events.push(...these);
        await store.setMedia(uuid, 0, media(content), { revision: seen.at(-1)!, events: these });
        seen.push(await revisionOf(uuid));
        expect(await store.trail(uuid)).toEqual(events);
      }
      expect(new Set(seen).size).toBe(6);
    });

    test("leaves the vCon to replacements and additions", async () => {
      const vcon = await make({ dialog: [dialog()] });
      for (const content of [Buffer.alloc(100_000, 1), Buffer.alloc(200_000, 2)]) {
        await store.setMedia(vcon.uuid, 0, media(content));
        expect(await store.append(vcon.uuid, { tags: [{ name: "n", value: newUuid() }] })).toBe(true);
        expect(await bodyValue({ body: (await bodyOf(vcon.uuid, 0)) as never })).toBe(
          encodeBase64Url(content),
        );
      }
      expect(await store.replace(vcon.uuid, await revisionOf(vcon.uuid), vcon)).toBe(true);
      expect(await store.get(vcon.uuid)).toEqual(vcon);
    });

    test("shows nothing before the last byte", async () => {
      const { uuid } = await make({ dialog: [dialog({ body: "before" })] });
      const before = await all(uuid);
      const bytes = afterwards([Buffer.alloc(7 * MEGABYTE), Buffer.alloc(MEGABYTE)], async () => {
        expect(await all(uuid)).toEqual(before);
      });
      await store.setMedia(uuid, 0, { bytes, mediatype: "audio/wav" });
      expect(((await bodyOf(uuid, 0)) as LargeBody).size).toBe(Math.ceil((8 * MEGABYTE * 4) / 3));
    });

    test.each([10, 7 * MEGABYTE])("leaves all as it was if reading fails after %i bytes", async (length) => {
      const { uuid } = await make({ dialog: [dialog({ body: "x".repeat(100_000) })] });
      const before = await all(uuid);
      const failure = new Error("The recorder has hung up.");
      const bytes = afterwards([Buffer.alloc(length)], () => Promise.reject(failure));
      const setting = store.setMedia(
        uuid,
        0,
        { bytes, mediatype: "a/b" },
        { events: [happened("vcon_sent")] },
      );
      await expect(setting).rejects.toBe(failure);
      expect(await all(uuid)).toEqual(before);
    });

    test("reads no byte for a dialog that is not there, nor for a vCon that is missing or sealed", async () => {
      const bytes = afterwards([], () => Promise.reject(new Error("It was read.")));
      const refuse = (uuid: string, index: number, code: string) =>
        expect(store.setMedia(uuid, index, { bytes, mediatype: "a/b" })).rejects.toMatchObject({ code });
      const vcon = await make({ dialog: [dialog(), null as never] });
      for (const index of [1, 2, -1, 0.5, Number.NaN]) await refuse(vcon.uuid, index, "PART_NOT_FOUND");
      await refuse((await make()).uuid, 0, "PART_NOT_FOUND");
      await refuse(newUuid(), 0, "VCON_NOT_FOUND");
      for (const sealed of [signed(), encrypted()]) {
        await create(sealed);
        await refuse(String(sealed["uuid"]), 0, "VCON_SEALED");
      }
      const former = store.setMedia(vcon.uuid, 0, { bytes, mediatype: "a/b" }, { revision: "no" });
      await expect(former).rejects.toMatchObject(CHANGED);
      expect(await store.get(vcon.uuid)).toEqual(vcon);
    });

    test.each<[string, string, (vcon: Vcon) => Promise<unknown>]>([
      ["was deleted", "VCON_NOT_FOUND", ({ uuid }) => store.delete(uuid)],
      ["was sealed", "VCON_SEALED", ({ uuid }) => replace(signed(uuid))],
      ["lost the dialog", "PART_NOT_FOUND", (vcon) => replace({ ...vcon, dialog: [] })],
    ])("writes nothing if the vCon %s while the bytes came", async (_, code, change) => {
      for (const length of [10, 7 * MEGABYTE]) {
        const vcon = await make({ dialog: [dialog()] });
        const bytes = afterwards([Buffer.alloc(length)], () => change(vcon));
        const setting = store.setMedia(vcon.uuid, 0, { bytes, mediatype: "a/b" });
        await expect(setting).rejects.toMatchObject({ code });
      }
    });

    test("finds the dialog that another has changed while the bytes came, unless it wants one revision", async () => {
      for (const content of [Buffer.from("hi"), Buffer.alloc(100_000)]) {
        const { uuid } = await make({ dialog: [dialog({ filename: "first" })] });
        const revision = await revisionOf(uuid);
        const slow = () =>
          afterwards([content], async () => {
            await store.append(uuid, { analysis: [analysis("a")] });
            await store.setMedia(uuid, 0, { ...media(Buffer.alloc(90_000)), filename: "second" });
          });
        await store.setMedia(uuid, 0, { bytes: slow(), mediatype: "audio/third" });
        const changed = (await store.get(uuid)) as Vcon;
        expect(changed.dialog![0]).toMatchObject({
          filename: "second",
          mediatype: "audio/third",
          body: encodeBase64Url(content),
        });
        expect(changed.analysis).toEqual([analysis("a")]);
        const setting = store.setMedia(uuid, 0, { bytes: slow(), mediatype: "audio/fourth" }, { revision });
        await expect(setting).rejects.toMatchObject(CHANGED);
      }
    });

    test("is done by one of several writers to the same revision", async () => {
      const other = await another();
      const { uuid } = await make({ dialog: [dialog({ body: "x".repeat(100_000) })] });
      const revision = await revisionOf(uuid);
      const contents = Array.from({ length: 6 }, (_, i) => Buffer.alloc(i % 2 ? 10 : 100_000, i));
      const winner = await expectOneWinner(
        contents.map((content, i) => (i % 2 ? store : other).setMedia(uuid, 0, media(content), { revision })),
      );
      expect(((await store.get(uuid)) as Vcon).dialog![0]!.body).toBe(encodeBase64Url(contents[winner]!));
      await other.close();
    });
  });

  async function replace(vcon: AnyVcon): Promise<boolean> {
    const uuid = String(vcon["uuid"]);
    return store.replace(uuid, await revisionOf(uuid), vcon);
  }
}

function media(content: string | Buffer): IncomingMedia {
  return { bytes: inOddPieces(Buffer.from(content)), mediatype: "audio/wav" };
}

async function* inOddPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const lengths = [1, 2, 4, 0, 1000, 65_537, 700_001];
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const length = lengths[i % lengths.length]!;
    yield bytes.subarray(start, start + length);
    start += length;
  }
}

/** Does something after these pieces and before the end. */
async function* afterwards(
  pieces: readonly Uint8Array[],
  work: () => Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  yield* pieces;
  await work();
}

async function gathered(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}
