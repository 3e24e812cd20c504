/** What every home has to do for steps that put another form of a vCon in its place. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import {
  type AnyVcon,
  bodyValue,
  formOf,
  type LargeBody,
  newUuid,
  SECTIONS,
  type TrailEvent,
  type Vcon,
  type VconStore,
  VconView,
  WHOLE_PARTS,
  wholeOf,
} from "../../core/index.ts";
import { analysis, dialog, draft, encrypted, happened, signed } from "./contract.ts";

const MEGABYTE = 1024 * 1024;
const DAY = { since: "1999-12-31T00:00:00Z", until: "1999-12-31T23:59:59Z" };

export interface Tools {
  store(): VconStore;
  /** Another connection to the same vCons; to be closed. */
  another(): Promise<VconStore>;
  /** Stores a vCon that is deleted in the end. */
  create(vcon: AnyVcon, event?: TrailEvent): Promise<boolean>;
  find(query: Parameters<VconStore["find"]>[0]): Promise<string[]>;
}

export function replacing({ store: current, another, create, find }: Tools): void {
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

  async function replace(vcon: AnyVcon, events?: TrailEvent[]): Promise<boolean> {
    const uuid = String(vcon["uuid"]);
    return store.replace(uuid, await revisionOf(uuid), vcon, events);
  }

  describe('reading "sealed"', () => {
    test("gives a signed and an encrypted vCon as it is, and no other parts", async () => {
      for (const vcon of [signed(), encrypted()]) {
        const uuid = String(vcon["uuid"]);
        await create(vcon);
        const view = await store.read(uuid, WHOLE_PARTS);
        expect(view.sealed).toEqual(vcon);
        expect(view.revision).toEqual(expect.any(String));
        expect(await wholeOf(view)).toEqual(vcon);
        expect(() => view.head).toThrow(expect.objectContaining({ code: "VCON_SEALED" }));
        await expect(store.read(uuid, ["head", "dialog"])).rejects.toMatchObject({ code: "VCON_SEALED" });
      }
    });

    test("changes nothing of what is read of an unsigned one", async () => {
      const { uuid } = await make({
        parties: [{ name: "Alice" }],
        dialog: [dialog({ body: "x".repeat(70_000) }), dialog({ type: "recording" })],
        analysis: [analysis("a"), analysis("b")],
      });
      const parts = ["head", "parties", "dialog:recording", "analysis"] as const;
      const [without, sealed] = [await store.read(uuid, parts), await store.read(uuid, ["sealed", ...parts])];
      expect(sealed.sealed).toBeUndefined();
      for (const part of ["head", "parties", "dialog", "analysis"] as const) {
        expect(sealed[part]).toEqual(without[part]);
      }
      expect(() => sealed.attachments).toThrow(/attachments/);
    });

    test("has to be asked for", async () => {
      const { uuid } = await make();
      const view = await store.read(uuid, ["head"]);
      expect(() => view.sealed).toThrow(/"sealed"/);
      expect(() => view.revision).toThrow(/"sealed"/);
      await expect(store.read(newUuid(), ["sealed"])).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
    });
  });

  describe("the revision", () => {
    test("is another after each addition, and the same after none", async () => {
      const { uuid } = await make();
      const seen = [await revisionOf(uuid)];
      for (let i = 0; i < 5; i++) {
        await Promise.all([
          store.append(uuid, { analysis: [analysis(`a${i}`)] }),
          store.append(uuid, { tags: [{ name: "t", value: String(i) }] }),
        ]);
        seen.push(await revisionOf(uuid));
      }
      expect(new Set(seen).size).toBe(6);
      await store.append(uuid, { analysis: [analysis("a0")] }, [happened("vcon_sent")]);
      expect(await revisionOf(uuid)).toBe(seen.at(-1));
    });

    test("is another after each replacement, also by the same document", async () => {
      const vcon = await make({ dialog: [dialog({ body: "x".repeat(100_000) })] });
      const seen = [await revisionOf(vcon.uuid)];
      for (const next of [vcon, signed(vcon.uuid), signed(vcon.uuid), vcon]) {
        expect(await replace(next)).toBe(true);
        seen.push(await revisionOf(vcon.uuid));
      }
      expect(new Set(seen).size).toBe(5);
    });

    test("is not that of a vCon that was deleted before", async () => {
      const vcon = await make();
      const before = await revisionOf(vcon.uuid);
      await store.delete(vcon.uuid);
      await create({ ...vcon, subject: "made anew" });
      expect(await store.replace(vcon.uuid, before, signed(vcon.uuid))).toBe(false);
    });
  });

  describe("replace", () => {
    const forms: Record<string, (uuid: string) => AnyVcon> = {
      unsigned: (uuid) => draft({ uuid, subject: newUuid(), dialog: [dialog({ body: "Hello" })] }),
      signed,
      encrypted,
    };
    const pairs = Object.keys(forms).flatMap((from) => Object.keys(forms).map((to) => [from, to] as const));

    test.each(pairs)("puts one that is %s in place of one that is %s", async (to, from) => {
      const uuid = newUuid();
      const [created, changed] = [happened("vcon_created"), happened("vcon_enhanced")];
      await create(forms[from]!(uuid), created);
      const next = forms[to]!(uuid);
      expect(await replace(next, [changed])).toBe(true);
      expect(await store.get(uuid)).toEqual(next);
      const view = await store.read(uuid, WHOLE_PARTS);
      expect(view.sealed).toEqual(formOf(next) === "unsigned" ? undefined : next);
      expect(await wholeOf(view)).toEqual(next);
      expect(await store.trail(uuid)).toEqual([created, changed]);
    });

    test("writes nothing if the vCon was changed since it was read", async () => {
      const vcon = await make({ dialog: [dialog({ body: "x".repeat(100_000) })] });
      const name = `Never ${vcon.uuid}`;
      const next = { ...vcon, parties: [{ name }], dialog: [dialog({ body: "y".repeat(200_000) })] };
      const changes = [
        () => store.append(vcon.uuid, { tags: [{ name: "a", value: "1" }] }),
        () => store.append(vcon.uuid, { attachments: [{}] }),
        () => replace({ ...vcon, subject: "other" }),
        () => replace(signed(vcon.uuid)),
      ];
      for (const change of changes) {
        const revision = await revisionOf(vcon.uuid);
        await change();
        const before = await store.get(vcon.uuid);
        expect(await store.replace(vcon.uuid, revision, next, [happened("vcon_enhanced")])).toBe(false);
        expect(await store.get(vcon.uuid)).toEqual(before);
      }
      expect(await store.trail(vcon.uuid)).toEqual([]);
      expect(await find({ name })).toEqual([]);
    });

    test("lets one of several writers replace the same revision", async () => {
      const other = await another();
      const { uuid } = await make();
      const revision = await revisionOf(uuid);
      const subjects = Array.from({ length: 10 }, (_, i) => `writer ${i}`);
      const replaced = await Promise.all(
        subjects.map((subject, i) =>
          (i % 2 ? store : other).replace(uuid, revision, draft({ uuid, subject }), [
            happened("vcon_enhanced"),
          ]),
        ),
      );
      expect(replaced.filter(Boolean)).toHaveLength(1);
      expect(((await store.get(uuid)) as Vcon).subject).toBe(subjects[replaced.indexOf(true)]);
      expect(await store.trail(uuid)).toHaveLength(1);
      await other.close();
    });

    test("loses nothing that is added at the same moment", async () => {
      const other = await another();
      const { uuid } = await make({ dialog: [dialog({ body: "x".repeat(100_000) })] });
      const count = 20;
      const adders = Array.from({ length: count }, (_, i) =>
        (i % 2 ? store : other).append(uuid, {
          analysis: [analysis(`a${i}`)],
          tags: [{ name: "t", value: String(i) }],
        }),
      );
      const rewriters = [store, other].map(async (writer, w) => {
        for (let i = 0; i < 5; ) {
          const view = await writer.read(uuid, WHOLE_PARTS);
          // The body may go while it is fetched: then all is read again.
          const vcon = (await wholeOf(view).catch(() => undefined)) as Vcon | undefined;
          if (vcon === undefined) continue;
          const next = { ...vcon, [`rewritten_${w}_${i}`]: true };
          if (await writer.replace(uuid, view.revision, next)) i++;
        }
      });
      expect(await Promise.all(adders)).toEqual(adders.map(() => true));
      await Promise.all(rewriters);
      const vcon = (await store.get(uuid)) as Vcon;
      expect(new Set(vcon.analysis!.map(({ type }) => type)).size).toBe(count);
      expect(new Set(vcon.attachments![0]!.body as string[]).size).toBe(count);
      expect(Object.keys(vcon).filter((member) => member.startsWith("rewritten_"))).toHaveLength(10);
      expect(vcon.dialog![0]!.body).toHaveLength(100_000);
      expect((await store.read(uuid, ["analysis:a7"])).analysis.size).toBe(1);
      await other.close();
    });

    test("lets others read the one or the other, and no mixture", async () => {
      const other = await another();
      const uuid = newUuid();
      const [long, short, sealed] = [
        draft({ uuid, subject: "long", dialog: ["a", "b"].map((x) => dialog({ body: x.repeat(600_000) })) }),
        draft({ uuid, subject: "short", dialog: [dialog({ body: "c".repeat(300_000) }), dialog()] }),
        signed(uuid),
      ];
      await create(long);
      let isOver = false;
      const reading = (async () => {
        const texts = new Set([long, short, sealed].map((vcon) => JSON.stringify(sorted(vcon))));
        for (let i = 0; !isOver || i < 3; i++) {
          await nextTurn();
          expect(texts).toContain(JSON.stringify(sorted(await other.get(uuid))));
          const view = await other.read(uuid, ["sealed", "head", "dialog"]);
          if (view.sealed) continue;
          const bodies = [...view.dialog.values()].map(({ body }) => (body as LargeBody | undefined)?.size);
          expect(bodies).toEqual(view.head.subject === "long" ? [600_000, 600_000] : [300_000, undefined]);
        }
      })();
      for (let i = 0; i < 10; i++) {
        for (const vcon of [short, sealed, long]) expect(await replace(vcon)).toBe(true);
      }
      isOver = true;
      await reading;
      await other.close();
    });

    test("keeps the place by creation time", async () => {
      const { uuid } = await make({ created_at: "1999-12-31T12:00:00Z" });
      for (const vcon of [signed(uuid), draft({ uuid }), encrypted(uuid)]) {
        await replace(vcon);
        expect(await store.list(DAY)).toEqual([uuid]);
      }
      await store.delete(uuid);
      expect(await store.list(DAY)).toEqual([]);
    });

    test("leaves a sealed vCon findable by the parties that it had", async () => {
      const name = `Carol ${newUuid()}`;
      const { uuid } = await make({
        parties: [{ name, tel: "+12025550161" }, { mailto: "other@example.com" }],
      });
      for (const seal of [signed, encrypted]) {
        await replace(seal(uuid));
        expect(await find({ name })).toEqual([uuid]);
        expect(await find({ tel: "(202) 555-0161" })).toEqual([uuid]);
        expect(await find({ name, tel: "+12025550161" })).toEqual([uuid]);
        expect(await find({ name, tel: "+12025550162" })).toEqual([]);
      }
      await store.delete(uuid);
      expect(await find({ name })).toEqual([]);
      expect(await find({ name, tel: "+12025550161" })).toEqual([]);
    });

    test("makes an unsigned one findable by its own parties too", async () => {
      const [was, is, both] = ["Was", "Is", "Both"].map((name) => `${name} ${newUuid()}`);
      const vcon = await make({ parties: [{ name: was!, mailto: "was@example.com" }, { name: both! }] });
      await replace(signed(vcon.uuid));
      await replace({ ...vcon, parties: [{ name: is!, mailto: "is@example.com" }, { name: both! }] });
      for (const name of [was, is, both]) expect(await find({ name: name! })).toEqual([vcon.uuid]);
      expect(await find({ name: was!, mailto: "was@example.com" })).toEqual([vcon.uuid]);
      expect(await find({ name: is!, mailto: "is@example.com" })).toEqual([vcon.uuid]);
      expect(await find({ name: both!, mailto: "is@example.com" })).toEqual([]);
      await store.delete(vcon.uuid);
      for (const name of [was, is, both]) expect(await find({ name: name! })).toEqual([]);
    });

    test("leaves nothing of the former document to additions", async () => {
      const vcon = await make({
        extensions: ["CC"],
        dialog: [dialog({ body: "a" }), dialog({ type: "recording", body: "b" })],
        analysis: [analysis("a"), analysis("b")],
        attachments: [{ purpose: "tags", body: ["x:1"] }, { purpose: "note" }],
      });
      const addition = {
        analysis: [analysis("a"), analysis("c")],
        tags: [
          { name: "x", value: "1" },
          { name: "y", value: "2" },
        ],
        extensions: ["wtf"],
      };
      await store.append(vcon.uuid, addition);
      const next = draft({
        uuid: vcon.uuid,
        dialog: [dialog({ body: "c" })],
        attachments: [{ purpose: "tags", body: ["z:3"] }],
      });
      for (const seal of [undefined, encrypted]) {
        if (seal) await replace(seal(vcon.uuid));
        await replace(next);
        expect(await store.get(vcon.uuid)).toEqual(next);
        const view = await store.read(vcon.uuid, ["dialog:recording", "dialog:text", "analysis:a", "head"]);
        expect([...view.dialog.keys()]).toEqual([0]);
        expect(view.analysis.size).toBe(0);
        expect(view.head.updated_at).toBeUndefined();

        expect(await store.append(vcon.uuid, addition)).toBe(true);
        const added = (await store.get(vcon.uuid)) as Vcon;
        expect(added.analysis).toEqual(addition.analysis);
        expect(added.attachments!.map(({ body }) => body)).toEqual([["z:3", "x:1", "y:2"]]);
        expect(added.extensions).toEqual(["wtf"]);
        expect(added.updated_at).toEqual(expect.any(String));
        expect(await store.append(vcon.uuid, addition)).toBe(false);
        expect([...(await store.read(vcon.uuid, ["analysis:c"])).analysis.keys()]).toEqual([1]);
      }
    });

    test("takes large bodies, and drops those that were there", async () => {
      const vcon = await make({
        dialog: [dialog({ body: "A".repeat(10 * MEGABYTE) }), dialog({ body: "small" })],
        analysis: [{ ...analysis("words"), body: Array.from({ length: 20_000 }, (_, i) => ({ word: i })) }],
      });
      const before = await store.read(vcon.uuid, WHOLE_PARTS);
      expect(await wholeOf(before)).toEqual(vcon);
      // The same place and the same length, so that only the store can tell one from the other.
      const next = { ...vcon, dialog: [dialog({ body: "B".repeat(10 * MEGABYTE) })] };
      expect(await store.replace(vcon.uuid, before.revision, next)).toBe(true);
      const gone = { code: "VCON_CHANGED", transient: true };
      await expect(bodyValue(before.dialog.get(0)!)).rejects.toMatchObject(gone);
      await expect(wholeOf(before)).rejects.toMatchObject(gone);
      const after = await store.read(vcon.uuid, WHOLE_PARTS);
      await store.append(vcon.uuid, { analysis: [analysis("later")] });
      expect(await wholeOf(after)).toEqual(next);
      const sealed = { ...signed(vcon.uuid), payload: "A".repeat(14 * MEGABYTE) };
      await replace(sealed);
      expect(await store.get(vcon.uuid)).toEqual(sealed);
      await expect(wholeOf(after)).rejects.toMatchObject(gone);
      await store.delete(vcon.uuid);
      await expect(wholeOf(after)).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
    });

    test("refuses what can't take the vCon's place, and writes nothing", async () => {
      const vcon = await make({ parties: [{ name: "Alice" }] });
      const malformed = { code: "VCON_MALFORMED" };
      for (const wrong of [
        signed(),
        encrypted(),
        draft(),
        { ...vcon, uuid: "no" },
        { ...vcon, dialog: "none" as never },
        { ciphertext: "Y3Q", recipients: [] },
      ]) {
        const refused = store.replace(vcon.uuid, await revisionOf(vcon.uuid), wrong, [
          happened("vcon_enhanced"),
        ]);
        await expect(refused).rejects.toMatchObject(malformed);
      }
      expect(await store.get(vcon.uuid)).toEqual(vcon);
      expect(await store.trail(vcon.uuid)).toEqual([]);
    });

    test("tells that the vCon is gone", async () => {
      const vcon = await make();
      const revision = await revisionOf(vcon.uuid);
      await store.delete(vcon.uuid);
      const event = happened("vcon_enhanced");
      for (const next of [signed(vcon.uuid), { ...vcon, dialog: [dialog({ body: "x".repeat(100_000) })] }]) {
        await expect(store.replace(vcon.uuid, revision, next, [event])).rejects.toMatchObject({
          code: "VCON_NOT_FOUND",
        });
      }
      expect(await store.trail(vcon.uuid)).toEqual([]);
    });

    test("keeps the source's UUID, and lets a delete free it", async () => {
      const source = `test:${newUuid()}`;
      const uuid = await store.uuidFor(source);
      await create(draft({ uuid }));
      await replace(signed(uuid));
      expect(await store.uuidFor(source)).toBe(uuid);
      await store.delete(uuid);
      const next = await store.uuidFor(source);
      expect(next).not.toBe(uuid);
      await create(draft({ uuid: next }));
    });
  });

  describe("the UUID of a signed vCon", () => {
    test("is its payload's where nothing else tells it", async () => {
      const { uuid, ...vcon } = signed();
      const whole = {
        ...vcon,
        payload: Buffer.from(JSON.stringify({ uuid })).toString("base64url"),
      } as AnyVcon;
      expect(await create(Object.assign(Object.create({ uuid }), whole))).toBe(true);
      expect(await store.get(String(uuid))).toEqual(whole);
      expect(await create(Object.assign(Object.create({ uuid }), whole))).toBe(false);
    });

    test("is not guessed for an encrypted one", async () => {
      const { uuid: _uuid, ...vcon } = encrypted();
      await expect(store.create(vcon as AnyVcon)).rejects.toMatchObject({
        code: "VCON_MALFORMED",
        message: expect.stringContaining('"unprotected"'),
      });
    });
  });

  describe("wholeOf", () => {
    test("gives the document that was stored, but for empty arrays", async () => {
      const full = {
        subject: "A question",
        custom: { deep: [1] },
        parties: [{ name: "Alice" }],
        dialog: [dialog({ body: "x".repeat(70_000) }), dialog({ body: { a: 1 } }), null as never, dialog()],
        analysis: [analysis("a")],
        attachments: [{ body: null }, 7 as never],
      };
      const vcon = await make(full);
      expect(await wholeOf(await store.read(vcon.uuid, WHOLE_PARTS))).toEqual(vcon);
      const bare = await make({ dialog: [], parties: [], analysis: [] });
      const whole = await wholeOf(await store.read(bare.uuid, WHOLE_PARTS));
      expect(Object.keys(whole)).not.toEqual(expect.arrayContaining([...SECTIONS]));
      expect(whole).toEqual({ uuid: bare.uuid, created_at: bare.created_at });
    });

    test("takes a view of all parts only", async () => {
      const { uuid } = await make();
      await expect(wholeOf(await store.read(uuid, ["sealed", "head"]))).rejects.toThrow(/parties/);
      await expect(wholeOf(new VconView(uuid, {}))).rejects.toThrow(/sealed/);
    });
  });
}

/** Homes keep members in orders of their own. */
function sorted(vcon: AnyVcon): [string, unknown][] {
  return Object.entries(vcon).sort(([one], [other]) => (one < other ? -1 : 1));
}
