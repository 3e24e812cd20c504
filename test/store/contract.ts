/** What every home of vCons has to do: one suite, run against each of them. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Analysis,
  type AnyVcon,
  type Attachment,
  bodyValue,
  type Dialog,
  LARGE_BODY_BYTES,
  LargeBody,
  newUuid,
  type TrailEvent,
  tagsAttachment,
  type Vcon,
  type VconStore,
} from "../../core/index.ts";
import { changing } from "./changing.ts";
import { replacing } from "./replacing.ts";

export interface Home {
  /** Whether it keeps texts that have no UTF-8, because half of a surrogate pair stands alone in them. */
  keepsLoneSurrogates: boolean;
  open(): Promise<VconStore>;
  /** Removes what these vCons and sources left. */
  stop?(uuids: string[], sources: string[]): Promise<void>;
}

export const COUNTRY = "US";
const ARRAYS = ["parties", "dialog", "analysis", "attachments"];
const EMAIL = "someone@example.com";

export function contract(name: string, home: Home): void {
  describe(name, () => {
    let store: VconStore;
    const uuids: string[] = [];
    const sources: string[] = [];

    beforeAll(async () => {
      store = await home.open();
    });

    afterAll(async () => {
      for (const uuid of uuids) await store.delete(uuid);
      await store.close();
      await home.stop?.(uuids, sources);
    });

    /** A vCon with these members, stored. */
    async function make(members: Partial<Vcon> = {}): Promise<Vcon> {
      const vcon = draft(members);
      await create(vcon);
      return vcon;
    }

    async function create(vcon: AnyVcon, event?: TrailEvent): Promise<boolean> {
      uuids.push(String(vcon["uuid"]));
      return store.create(vcon, event);
    }

    /** What is found, without what other test files have stored. */
    async function find(query: Parameters<VconStore["find"]>[0]): Promise<string[]> {
      return (await store.find(query)).filter((uuid) => uuids.includes(uuid)).sort();
    }

    async function tagsOf(uuid: string): Promise<unknown[]> {
      const { attachments } = await store.read(uuid, ["attachments:tags"]);
      return [...attachments.values()].map(({ body }) => body);
    }

    async function expectRoundTrip(vcon: AnyVcon): Promise<void> {
      expect(await create(vcon)).toBe(true);
      expect(await store.get(String(vcon["uuid"]))).toEqual(JSON.parse(JSON.stringify(vcon)));
    }

    describe("create and get", () => {
      test("gives back every member of a full vCon", async () => {
        await expectRoundTrip(
          draft({
            subject: "A question",
            extensions: ["CC"],
            parties: [{ tel: "+12025550101", name: "Alice" }, { mailto: EMAIL }, {}],
            dialog: [
              dialog({ body: "Hello" }),
              { type: "incomplete", disposition: "no-answer" },
              {} as Dialog,
            ],
            analysis: [analysis("summary"), { type: "transcript", vendor: "v", body: { text: "hello" } }],
            attachments: [{ purpose: "note", party: 0, body: ["a", 1, null] }, {}],
            group: [],
            custom: { nested: [{ deep: true }] },
          }),
        );
      });

      test.each([
        "a.b",
        "",
        "__proto__",
        'a"b',
        "a'b",
        "a\\b",
        "a\\",
        "a/b",
        "~",
        "~0",
        "~1",
        "été 日本 🎈",
        "*",
        "$",
      ])("keeps a member named %j wherever it stands", async (member) => {
        const odd = oddMember(member);
        const vcon = draft({
          parties: [odd],
          dialog: [{ ...dialog({ body: odd }), ...odd } as Dialog],
          analysis: [{ ...analysis("summary"), ...odd }],
          attachments: [odd],
        });
        await expectRoundTrip(Object.assign(oddMember(member), vcon));
        const { head, dialog: dialogs } = await store.read(vcon.uuid, ["head", "dialog"]);
        expect(Object.entries(head)).toContainEqual([member, 1]);
        expect(Object.entries(dialogs.get(0)!)).toContainEqual([member, 1]);
      });

      test("keeps an odd member beside a large body", async () => {
        for (const member of ["a.b", "__proto__", 'a"b', "a\\", "a/b", "*"]) {
          const odd = oddMember(member);
          const { uuid } = await make({
            dialog: [Object.assign(odd, dialog({ body: "x".repeat(70_000) })) as Dialog],
          });
          const [read] = [...(await store.read(uuid, ["dialog"])).dialog.values()];
          expect(Object.entries(read!)).toContainEqual([member, 1]);
          expect(read!.type).toBe("text");
        }
      });

      test("keeps values that nest a hundred deep", async () => {
        let value: unknown = "bottom";
        for (let level = 0; level < 97; level++) value = level % 2 ? [value] : { in: value };
        await expectRoundTrip(draft({ dialog: [dialog({ body: value as never })] }));
      });

      test("tells empty arrays from missing ones, and null from both", async () => {
        await expectRoundTrip(draft({ dialog: [], analysis: [] }));
        await expectRoundTrip(draft({ attachments: [], parties: [] }));
        await expectRoundTrip(draft());
        await expectRoundTrip(draft({ redacted: null as never, meta: null, list: [], object: {} }));
      });

      test("keeps numbers", async () => {
        const numbers = [0, -1, 0.1, 1e300, -1e-300, 2 ** 53, 1234567890123456800, 1.5];
        await expectRoundTrip(draft({ numbers, dialog: [dialog({ body: numbers, duration: 12.25 })] }));
        const minusZero = await make({ number: -0 });
        expect(Math.abs((await store.get(minusZero.uuid))["number"] as number)).toBe(0);
      });

      test("keeps NUL and control characters in texts", async () => {
        const text = "a\u0000b\u0001\b\f\n\r\t\u001f\u007f\u2028\ufeff";
        await expectRoundTrip(draft({ subject: text, dialog: [dialog({ body: text, filename: text })] }));
      });

      test("keeps half a surrogate pair, or says that it can't", async () => {
        const vcon = draft({ dialog: [dialog({ body: "x\ud83c" })], attachments: [] });
        const later = { attachments: [{ purpose: "note", body: ["\udc00"] }] };
        const other = await make();
        if (home.keepsLoneSurrogates) {
          await expectRoundTrip(vcon);
          await store.append(other.uuid, later);
          expect((await store.get(other.uuid)) as Vcon).toMatchObject(later);
        } else {
          const refused = { code: "VCON_MALFORMED", message: expect.stringContaining("surrogate") };
          await expect(store.create(vcon)).rejects.toMatchObject(refused);
          await expect(store.get(vcon.uuid)).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
          await expect(store.append(other.uuid, later)).rejects.toMatchObject(refused);
          expect(await store.get(other.uuid)).toEqual(other);
        }
      });

      test("keeps a signed and an encrypted vCon as it is", async () => {
        await expectRoundTrip(signed());
        await expectRoundTrip(encrypted());
      });

      test("keeps whatever JSON stands in bodies and unknown members", async () => {
        await fc.assert(
          fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue(), async (body, unknown) => {
            await expectRoundTrip(
              draft({
                unknown,
                dialog: [dialog({ body: body as never })],
                analysis: [{ ...analysis("a"), body: body as never, unknown }],
                attachments: [{ purpose: "p", body: unknown as never }],
              }),
            );
          }),
          { numRuns: 100 },
        );
      });

      test("leaves a vCon alone that has the same UUID", async () => {
        const vcon = await make({ subject: "first", dialog: [dialog({ body: "x".repeat(70_000) })] });
        const second = { ...vcon, subject: "second", parties: [{ name: "Zoe Twice" }] };
        expect(await store.create(second, happened("vcon_created"))).toBe(false);
        expect(await store.get(vcon.uuid)).toEqual(vcon);
        expect(await find({ name: "Zoe Twice" })).toEqual([]);
        expect(await store.trail(vcon.uuid)).toEqual([]);
      });

      test("refuses what is no vCon it can keep", async () => {
        await expect(store.create({ ...draft(), uuid: "no" })).rejects.toMatchObject({
          code: "VCON_MALFORMED",
        });
        const noArray = draft({ parties: "Alice" as never });
        await expect(store.create(noArray)).rejects.toMatchObject({ code: "VCON_MALFORMED" });
        await expect(store.get(noArray.uuid)).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
      });

      test("takes elements and parties that are no objects", async () => {
        const vcon = draft(Object.fromEntries(ARRAYS.map((member) => [member, [null, 7, "x", []]])));
        await expectRoundTrip(vcon);
        expect(
          await store.append(vcon.uuid, { analysis: [analysis("a")], tags: [{ name: "a", value: "1" }] }),
        ).toBe(true);
        expect([...(await store.read(vcon.uuid, ["analysis:a"])).analysis.keys()]).toEqual([4]);
      });

      test("takes a vCon of a thousand dialogs", async () => {
        const dialogs = Array.from({ length: 1000 }, (_, i) =>
          dialog({ body: `line ${i}`, type: i % 9 ? "text" : "recording" }),
        );
        const { uuid } = await make({ dialog: dialogs });
        expect(((await store.get(uuid)) as Vcon).dialog).toEqual(dialogs);
        const read = await store.read(uuid, ["dialog:recording"]);
        expect([...read.dialog.keys()]).toEqual(
          dialogs.flatMap(({ type }, i) => (type === "recording" ? [i] : [])),
        );
      });
    });

    describe("read", () => {
      test("gives the parts asked for, and no others", async () => {
        const vcon = await make({
          subject: "A question",
          parties: [{ name: "Alice" }],
          dialog: [dialog({ type: "recording" }), dialog({ type: "text", body: "hi" })],
          analysis: [analysis("summary"), analysis("transcript"), analysis("summary")],
          attachments: [
            { purpose: "tags", body: ["a:b"] },
            { type: "note", body: "n" },
          ],
        });
        const view = await store.read(vcon.uuid, [
          "dialog:text",
          "analysis:summary",
          "attachments:note",
          "parties",
        ]);
        expect(view.uuid).toBe(vcon.uuid);
        expect([...view.dialog]).toEqual([[1, vcon.dialog![1]]]);
        expect([...view.analysis]).toEqual([
          [0, vcon.analysis![0]],
          [2, vcon.analysis![2]],
        ]);
        expect([...view.attachments]).toEqual([[1, vcon.attachments![1]]]);
        expect(view.parties).toEqual(vcon.parties);
        expect(() => view.head).toThrow(/head/);
        const rest = await store.read(vcon.uuid, ["head", "analysis:transcript", "analysis:none", "dialog"]);
        expect(rest.head).toEqual({ uuid: vcon.uuid, created_at: vcon.created_at, subject: "A question" });
        expect([...rest.analysis.keys()]).toEqual([1]);
        expect([...rest.dialog]).toEqual([...vcon.dialog!.entries()]);
        expect(() => rest.parties).toThrow(/parties/);
        expect(() => rest.attachments).toThrow(/attachments/);
      });

      test("gives empty parts of a vCon without them", async () => {
        const { uuid } = await make();
        const view = await store.read(uuid, ["parties", "dialog", "analysis:summary", "attachments"]);
        expect(view.parties).toEqual([]);
        expect([view.dialog.size, view.analysis.size, view.attachments.size]).toEqual([0, 0, 0]);
      });

      test("gives them from a vCon with large parts too", async () => {
        const filler = "x".repeat(20_000);
        const vcon = await make({
          dialog: [dialog({ body: filler }), dialog({ type: "recording", body: filler })],
          analysis: [
            { ...analysis("transcript"), body: { text: filler } },
            { ...analysis("summary"), body: [filler, filler] },
          ],
          attachments: [
            { purpose: "note", type: "tags", body: filler },
            { type: "note", purpose: null as never, body: filler },
          ],
        });
        const view = await store.read(vcon.uuid, [
          "dialog:recording",
          "analysis:summary",
          "attachments:note",
        ]);
        expect([...view.dialog]).toEqual([[1, vcon.dialog![1]]]);
        expect([...view.analysis]).toEqual([[1, vcon.analysis![1]]]);
        expect([...view.attachments]).toEqual([...vcon.attachments!.entries()]);
      });

      test("tells that a vCon is missing or sealed", async () => {
        await expect(store.read(newUuid(), ["head"])).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
        await expect(store.get(newUuid())).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
        for (const vcon of [signed(), encrypted()]) {
          await create(vcon);
          await expect(store.read(String(vcon["uuid"]), ["head"])).rejects.toMatchObject({
            code: "VCON_SEALED",
          });
        }
      });
    });

    describe("large bodies", () => {
      // A character of two bytes at an odd place, so that some stand across the borders of pieces.
      const text = `x${"é".repeat(700_000)}`;
      const object = {
        words: Array.from({ length: 15_000 }, (_, i) => ({ word: `wörd ${i}`, start: i / 8 })),
      };

      test.each([
        ["text", text, Buffer.byteLength(text)],
        ["json", object, Buffer.byteLength(JSON.stringify(object))],
      ])("come as handles: %s", async (kind, body, size) => {
        const { uuid } = await make({
          dialog: [dialog({ body: "small" }), dialog({ body, filename: "f" })],
          analysis: [{ ...analysis("transcript"), body }],
          attachments: [{ purpose: "big", body }],
        });
        await store.append(uuid, { analysis: [{ ...analysis("later"), body }], attachments: [{ body }] });
        const view = await store.read(uuid, ["dialog", "analysis", "attachments"]);
        expect(view.dialog.get(0)!.body).toBe("small");
        expect(view.dialog.get(1)).toMatchObject({ type: "text", filename: "f" });
        const elements = [view.dialog.get(1), ...view.analysis.values(), ...view.attachments.values()];
        expect(elements).toHaveLength(5);
        for (const element of elements) {
          const handle = element!.body as LargeBody;
          expect(handle).toBeInstanceOf(LargeBody);
          expect([handle.kind, handle.size]).toEqual([kind, size]);
          const pieces: Uint8Array[] = [];
          for await (const piece of handle.stream()) pieces.push(piece);
          expect(pieces.length).toBeGreaterThan(1);
          expect(Buffer.concat(pieces).toString()).toBe(kind === "text" ? text : JSON.stringify(object));
          expect(await bodyValue(element!)).toEqual(body);
        }
        expect(((await store.get(uuid)) as Vcon).dialog![1]!.body).toEqual(body);
      });

      test("begin above the limit", async () => {
        const { uuid } = await make({
          dialog: [
            dialog({ body: "é".repeat(LARGE_BODY_BYTES / 2) }),
            dialog({ body: `x${"é".repeat(LARGE_BODY_BYTES / 2)}` }),
          ],
          attachments: [
            { body: ["x".repeat(LARGE_BODY_BYTES - 4)] },
            { body: ["x".repeat(LARGE_BODY_BYTES - 3)] },
          ],
        });
        const { dialog: dialogs, attachments } = await store.read(uuid, ["dialog", "attachments"]);
        const large = [...dialogs.values(), ...attachments.values()].map(
          ({ body }) => body instanceof LargeBody,
        );
        expect(large).toEqual([false, true, false, true]);
      });

      test("are gone with their vCon", async () => {
        const { uuid } = await make({ dialog: [dialog({ body: text })] });
        const { body } = (await store.read(uuid, ["dialog"])).dialog.get(0)!;
        await store.delete(uuid);
        await expect((body as LargeBody).value()).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
      });
    });

    describe("append", () => {
      test("adds analyses, attachments, tags and extensions", async () => {
        const vcon = await make({
          extensions: ["CC"],
          dialog: [dialog({ body: "hi" })],
          analysis: [analysis("old")],
        });
        const added = await store.append(vcon.uuid, {
          analysis: [analysis("summary"), analysis("transcript", { dialog: 0, body: { a: [] } })],
          attachments: [{ purpose: "note", body: "n" }],
          tags: [
            { name: "topic", value: "billing: late" },
            { name: 'q"', value: "\\" },
          ],
          extensions: ["CC", "wtf", 'odd"'],
        });
        expect(added).toBe(true);
        const now = (await store.get(vcon.uuid)) as Vcon;
        expect(now.analysis).toEqual([
          analysis("old"),
          analysis("summary"),
          analysis("transcript", { dialog: 0, body: { a: [] } }),
        ]);
        expect(now.dialog).toEqual(vcon.dialog);
        expect(now.extensions).toEqual(["CC", "wtf", 'odd"']);
        expect(now.attachments).toHaveLength(2);
        expect(now.attachments![0]).toEqual({ purpose: "note", body: "n" });
        const start = now.attachments![1]!.start!;
        expect(now.attachments![1]).toEqual(
          tagsAttachment(
            [
              { name: "topic", value: "billing: late" },
              { name: 'q"', value: "\\" },
            ],
            start,
          ),
        );
        expect(Date.parse(now.updated_at!)).toBeGreaterThan(Date.parse(vcon.created_at));
        expect((await store.read(vcon.uuid, ["head"])).head.updated_at).toBe(now.updated_at);
      });

      test("adds extensions where there were none", async () => {
        const { uuid } = await make();
        await store.append(uuid, { attachments: [{}], extensions: ["wtf", "wtf"] });
        await store.append(uuid, { attachments: [{}], extensions: ["wtf", "CC"] });
        expect((await store.read(uuid, ["head"])).head.extensions).toEqual(["wtf", "CC"]);
      });

      test("adds nothing the second time", async () => {
        const { uuid } = await make({
          analysis: [analysis("summary", { dialog: [0], vendor: "v", product: "p" })],
        });
        const addition = {
          analysis: [
            analysis("transcript", { dialog: 3 }),
            analysis("summary", { dialog: 0, vendor: "v", product: "p" }),
          ],
          tags: [{ name: "a", value: "b" }],
          extensions: ["wtf"],
        };
        expect(await store.append(uuid, addition)).toBe(true);
        const once = await store.get(uuid);
        expect((once as Vcon).analysis).toHaveLength(2);
        const again = { ...addition, analysis: [analysis("transcript", { dialog: [3] })] };
        expect(await store.append(uuid, again)).toBe(false);
        expect(await store.get(uuid)).toEqual(once);
      });

      test("tells analyses apart by type, vendor, product and dialog", async () => {
        const { uuid } = await make({
          analysis: [analysis("a", { vendor: "v", product: "p", dialog: [0, 1] })],
        });
        for (const other of [
          { vendor: "w", product: "p", dialog: [0, 1] },
          { vendor: "v", product: "q", dialog: [0, 1] },
          { vendor: "v", dialog: [0, 1] },
          { vendor: "v", product: "p", dialog: [1, 0] },
          { vendor: "v", product: "p", dialog: [] },
          { vendor: "v", product: "p" },
          { vendor: "v", product: "p", dialog: [0, 1], schema: "s" },
          { vendor: "v", product: "p", dialog: [0, 1], schema: "t" },
        ]) {
          expect(await store.append(uuid, { analysis: [analysis("a", other)] })).toBe(true);
          expect(await store.append(uuid, { analysis: [analysis("a", other)] })).toBe(false);
        }
      });

      test("adds to as many of the same identity as were seen", async () => {
        const { uuid } = await make({ analysis: [analysis("a")] });
        const again = { analysis: [analysis("a")] };
        expect(await store.append(uuid, again)).toBe(false);
        expect(await store.append(uuid, { ...again, seen: 1 })).toBe(true);
        expect(await store.append(uuid, { ...again, seen: 1 })).toBe(false);
        expect(await store.append(uuid, { ...again, seen: 2 })).toBe(true);
        expect((await store.read(uuid, ["analysis:a"])).analysis.size).toBe(3);
      });

      test("leaves an analysis with a large body out that is there already", async () => {
        const { uuid } = await make();
        const large = { analysis: [analysis("a", { body: "x".repeat(100_000) })] };
        expect(await store.append(uuid, large)).toBe(true);
        expect(await store.append(uuid, large)).toBe(false);
        expect(await bodyValue((await store.read(uuid, ["analysis"])).analysis.get(0)!)).toHaveLength(
          100_000,
        );
      });

      test("adds tags to the list that is there", async () => {
        const { uuid } = await make({
          attachments: [
            { body: "n" },
            { purpose: "tags", custom: 1, body: ["a:1", "b:2"], start: "2024" },
            { purpose: "tags", body: ["c:3"] },
          ],
        });
        const tags = ["a:1", "c:3", "d:4", "d:4"].map((tag) => ({ name: tag[0]!, value: tag[2]! }));
        expect(await store.append(uuid, { tags })).toBe(true);
        expect(await store.append(uuid, { tags })).toBe(false);
        expect(await tagsOf(uuid)).toEqual([["a:1", "b:2", "d:4"], ["c:3"]]);
        expect(((await store.get(uuid)) as Vcon).attachments![1]).toMatchObject({ custom: 1, start: "2024" });
      });

      test("adds tags beside an empty list and a list that came with them", async () => {
        const { uuid } = await make({ attachments: [{ purpose: "tags", body: [] }] });
        await store.append(uuid, { tags: [{ name: "a", value: "1" }] });
        expect(await tagsOf(uuid)).toEqual([["a:1"]]);
        const other = await make();
        await store.append(other.uuid, {
          attachments: [{ purpose: "tags", body: ["a:1"] }],
          tags: [
            { name: "a", value: "1" },
            { name: "b", value: "2" },
          ],
        });
        expect(await tagsOf(other.uuid)).toEqual([["a:1", "b:2"]]);
      });

      test("lets two writers of one vCon both succeed", async () => {
        const other = await home.open();
        const { uuid } = await make({ analysis: [] });
        await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            [store, other].map((writer, w) =>
              writer.append(uuid, {
                analysis: [analysis(`a${w}-${i}`)],
                tags: [{ name: `t${w}`, value: String(i) }],
              }),
            ),
          ).flat(),
        );
        const view = await store.read(uuid, ["analysis", "attachments"]);
        expect([...view.analysis.keys()]).toEqual(Array.from({ length: 100 }, (_, i) => i));
        expect(new Set([...view.analysis.values()].map(({ type }) => type)).size).toBe(100);
        expect(new Set((await tagsOf(uuid))[0] as string[]).size).toBe(100);
        expect(view.attachments.size).toBe(1);
        for (const type of ["a0-0", "a1-49"]) {
          expect((await store.read(uuid, [`analysis:${type}`])).analysis.size).toBe(1);
        }
        await other.close();
      });

      test("lets one of two runs of the same step add", async () => {
        const other = await home.open();
        const { uuid } = await make();
        const added = await Promise.all(
          [store, other].map((writer) =>
            writer.append(uuid, { analysis: [analysis("a")], tags: [{ name: "t", value: "" }] }),
          ),
        );
        expect(added.sort()).toEqual([false, true]);
        await other.close();
      });

      test("tells that a vCon is missing or sealed, and writes nothing", async () => {
        const addition = { analysis: [analysis("a", { body: "x".repeat(100_000) })] };
        const event = happened("vcon_enhanced");
        const missing = newUuid();
        await expect(store.append(missing, addition, [event])).rejects.toMatchObject({
          code: "VCON_NOT_FOUND",
        });
        expect(await store.trail(missing)).toEqual([]);
        for (const vcon of [signed(), encrypted()]) {
          const uuid = String(vcon["uuid"]);
          await create(vcon);
          await expect(store.append(uuid, addition, [event])).rejects.toMatchObject({ code: "VCON_SEALED" });
          expect(await store.get(uuid)).toEqual(vcon);
          expect(await store.trail(uuid)).toEqual([]);
        }
      });

      test("enters in its trail what happened to a sealed vCon, which stays as it is", async () => {
        for (const vcon of [signed(), encrypted()]) {
          const uuid = String(vcon["uuid"]);
          await create(vcon);
          const sent = happened("vcon_sent");
          expect(await store.append(uuid, {}, [sent])).toBe(false);
          expect(await store.get(uuid)).toEqual(vcon);
          expect(await store.trail(uuid)).toEqual([sent]);
        }
      });
    });

    describe("trail", () => {
      test("tells what happened, in order", async () => {
        const vcon = draft();
        const created = happened("vcon_created");
        const sent: TrailEvent = {
          ...happened("vcon_sent"),
          recipient: { vendor: "v", host: "example.com:443", categories: ["text"] },
        };
        const enhanced = { ...happened("vcon_enhanced"), added: ["analysis:a"] };
        await create(vcon, created);
        await store.append(vcon.uuid, { analysis: [analysis("a")] }, [sent, enhanced]);
        expect(await store.trail(vcon.uuid)).toEqual([created, sent, enhanced]);
      });

      test("keeps of a step that added nothing what else it did", async () => {
        const { uuid } = await make({ analysis: [analysis("a")] });
        const events = [happened("vcon_enhanced"), happened("vcon_sent")];
        expect(await store.append(uuid, { analysis: [analysis("a")] }, events)).toBe(false);
        expect(await store.append(uuid, {}, events)).toBe(false);
        expect(await store.trail(uuid)).toEqual([events[1], events[1]]);
        expect(((await store.get(uuid)) as Vcon).updated_at).toBeUndefined();
      });

      test("outlives the vCon", async () => {
        const vcon = draft();
        const events = [happened("vcon_created"), happened("vcon_deleted")];
        await create(vcon, events[0]);
        expect(await store.delete(vcon.uuid, events[1])).toBe(true);
        expect(await store.delete(vcon.uuid, events[1])).toBe(false);
        expect(await store.trail(vcon.uuid)).toEqual(events);
        expect(await store.trail(newUuid())).toEqual([]);
      });

      test("is written on after the vCon was deleted, and while it is there", async () => {
        const { uuid } = await make();
        await store.record(uuid, [happened("vcon_sent")]);
        await store.delete(uuid, happened("vcon_deleted"));
        await store.record(uuid, [happened("vcon_deleted"), happened("vcon_deleted")]);
        await store.record(uuid, []);
        const events = (await store.trail(uuid)).map(({ event }) => event);
        expect(events).toEqual(["vcon_sent", "vcon_deleted", "vcon_deleted", "vcon_deleted"]);
        expect(await store.list({ limit: 10_000 })).not.toContain(uuid);
      });
    });

    describe("delete", () => {
      test("removes the vCon and what was indexed of it", async () => {
        const source = `test:${newUuid()}`;
        sources.push(source);
        const uuid = await store.uuidFor(source);
        const name = `Deleted ${uuid}`;
        const vcon = draft({
          uuid,
          parties: [{ name, tel: "+12025550142" }],
          dialog: [dialog({ body: "x".repeat(100_000) })],
        });
        await create(vcon);
        await store.append(uuid, { analysis: [analysis("a", { body: "y".repeat(100_000) })] });
        expect(await find({ name })).toEqual([uuid]);
        expect(await store.delete(uuid)).toBe(true);
        await expect(store.get(uuid)).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
        expect(await find({ name })).toEqual([]);
        expect(await find({ tel: "+12025550142" })).toEqual([]);
        expect(await store.list({ since: vcon.created_at, until: vcon.created_at })).not.toContain(uuid);
        expect(await store.uuidFor(source)).not.toBe(uuid);
      });

      test("leaves nothing of it to a vCon of the same UUID", async () => {
        const vcon = await make({
          analysis: [analysis("a")],
          attachments: [{ purpose: "tags", body: ["a:1"] }],
          parties: [{ name: "Old" }],
        });
        await store.append(vcon.uuid, { attachments: [{}], extensions: ["wtf"] });
        await store.delete(vcon.uuid);
        const next = draft({ uuid: vcon.uuid, parties: [{ name: "New" }] });
        await expectRoundTrip(next);
        expect(
          await store.append(vcon.uuid, { analysis: [analysis("a")], tags: [{ name: "a", value: "1" }] }),
        ).toBe(true);
        expect(await tagsOf(vcon.uuid)).toEqual([["a:1"]]);
        expect(await find({ name: "Old" })).toEqual([]);
        expect(await find({ name: "New" })).toEqual([vcon.uuid]);
      });
    });

    describe("list", () => {
      test("goes from the newest to the oldest", async () => {
        // A day of its own, so that nothing else is in between.
        const day = new Date(Math.floor(Math.random() * 9000) * 86_400_000 + 86_400_000)
          .toISOString()
          .slice(0, 10);
        const times = ["10:00:00Z", "11:00:00.250+00:00", "13:00:00+01:00", "12:30:00Z", "13:00:00.001Z"];
        const made: string[] = [];
        for (const time of times) made.push((await make({ created_at: `${day}T${time}` })).uuid);
        const newestFirst = [made[4], made[3], made[2], made[1], made[0]];
        const all = { since: `${day}T00:00:00Z`, until: `${day}T23:59:59Z` };
        expect(await store.list(all)).toEqual(newestFirst);
        expect(await store.list({ ...all, limit: 2 })).toEqual(newestFirst.slice(0, 2));
        expect(await store.list({ ...all, limit: 2, offset: 1 })).toEqual(newestFirst.slice(1, 3));
        expect(await store.list({ ...all, offset: 9 })).toEqual([]);
        expect(await store.list({ ...all, limit: 0 })).toEqual([]);
        const between = { since: `${day}T12:00:00+01:00`, until: `${day}T12:30:00.000Z` };
        expect(await store.list(between)).toEqual([made[3], made[2], made[1]]);
        expect(await store.list({ ...all, until: `${day}T10:00:00Z` })).toEqual([made[0]]);
        const newest = (await make({ created_at: new Date(Date.now() + 3_600_000).toISOString() })).uuid;
        expect(await store.list({ since: new Date(Date.now() + 3_500_000).toISOString() })).toContain(newest);
        expect(await store.list({ since: new Date().toISOString(), limit: 100 })).not.toContain(made[0]);
      });
    });

    describe("find", () => {
      test("knows telephone numbers with and without their country", async () => {
        const international = await make({ parties: [{ tel: "tel:+1-202-555-0177" }] });
        const national = await make({ parties: [{ name: "x" }, { tel: "(202) 555-0177" }] });
        const both = [international.uuid, national.uuid].sort();
        for (const tel of ["+12025550177", "2025550177", "tel:+1 202 555 0177"]) {
          expect(await find({ tel })).toEqual(both);
        }
        expect(await find({ tel: "+12025550178" })).toEqual([]);
      });

      test("knows addresses in any case", async () => {
        const { uuid } = await make({
          parties: [
            {
              mailto: "MAILTO:Carol.Case@Example.com",
              sip: "sip:Carol@PBX.example.com",
              did: "did:example:Carol",
            },
          ],
        });
        for (const mailto of [
          "carol.case@example.com",
          "Carol.Case@EXAMPLE.com",
          "mailto:carol.case@example.com",
        ]) {
          expect(await find({ mailto })).toEqual([uuid]);
        }
        expect(await find({ sip: "carol@pbx.example.com" })).toEqual([uuid]);
        expect(await find({ did: "did:example:Carol" })).toEqual([uuid]);
        expect(await find({ did: "did:example:carol" })).toEqual([]);
      });

      test("wants one party that fits all", async () => {
        const one = await make({ parties: [{ name: "Dan Two", mailto: "dan@example.org" }] });
        await make({ parties: [{ name: "Dan Two" }, { mailto: "dan@example.org" }] });
        expect(await find({ name: "Dan Two", mailto: "DAN@example.org" })).toEqual([one.uuid]);
        expect(await find({ name: "Dan Two" })).toHaveLength(2);
        expect(await find({ name: "Dan Two", tel: "+12025550199" })).toEqual([]);
        expect(await find({})).toEqual([]);
        expect(await find({ name: "" })).toEqual([]);
      });

      test("takes names as they are written", async () => {
        const name = 'O\'Hara "the" *? {1} 日本';
        const { uuid } = await make({ parties: [{ name }, { name }] });
        expect(await find({ name })).toEqual([uuid]);
        expect(await find({ name: name.toLowerCase() })).toEqual([]);
      });
    });

    describe("uuidFor", () => {
      test("gives one UUID to a source, and others to other sources", async () => {
        const [one, other] = [`test:${newUuid()}`, `test:${newUuid()} {"x"}`];
        sources.push(one, other);
        const second = await home.open();
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) => (i % 2 ? store : second).uuidFor(one)),
        );
        expect(new Set(answers).size).toBe(1);
        expect(await second.uuidFor(one)).toBe(answers[0]);
        expect(await store.uuidFor(other)).not.toBe(answers[0]);
        await second.close();
      });
    });

    describe("a vCon that does not expire", () => {
      test("may be held and released, and has not to be", async () => {
        const { uuid } = await make();
        expect(await store.hold(uuid, "a")).toBe(false);
        await store.release(uuid, "a");
        await store.release(uuid, "never held");
        expect((await store.read(uuid, ["head"])).head.uuid).toBe(uuid);
      });

      test("can't be held if it is not there, and is released in peace", async () => {
        const { uuid } = await make();
        await store.delete(uuid);
        for (const missing of [uuid, newUuid()]) {
          await expect(store.hold(missing, "a")).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
          await store.release(missing, "a");
        }
      });
    });

    replacing({ store: () => store, another: () => home.open(), create, find });
    changing({ store: () => store, another: () => home.open(), create });

    test("answers a ping", async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });
}

/** A vCon that is not stored yet. */
export function draft(members: Partial<Vcon> = {}): Vcon {
  return { uuid: newUuid(), created_at: "2024-05-06T07:08:09Z", ...members };
}

export function dialog(members: Partial<Dialog> = {}): Dialog {
  return { type: "text", start: "2024-05-06T07:08:09Z", parties: [0], ...members } as Dialog;
}

export function analysis(type: string, members: Partial<Analysis> = {}): Analysis {
  return { type, vendor: "vendor", body: `body of ${type}`, ...members };
}

export function happened(event: TrailEvent["event"]): TrailEvent {
  return { event, at: new Date().toISOString(), node: { id: "1a2b", type: "vcon-test" }, duration: 12 };
}

function oddMember(name: string): Record<string, number> & Attachment {
  return Object.fromEntries([[name, 1]]);
}

/** Not one that would verify. */
export function signed(uuid = newUuid()): AnyVcon {
  return { uuid, payload: "e30", signatures: [{ signature: "c2ln", header: { alg: "RS256" } }] };
}

/** Not one that would open. */
export function encrypted(uuid = newUuid()): AnyVcon {
  return { uuid, ciphertext: "Y3Q", recipients: [{ encrypted_key: "a2V5" }], tag: "dA" };
}
