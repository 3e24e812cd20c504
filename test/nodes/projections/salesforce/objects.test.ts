import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newUuid, type Row } from "../../../../core/index.ts";
import { startSalesforceStandIn } from "../../../stand-ins/salesforce.ts";
import { keepsTheContract, PROJECTION, rowAgain, withRow } from "../../../support/destination.ts";
import { anyValue } from "../../../support/values.ts";
import { chat, stored } from "../../../support/vcons.ts";
import { client, mapping, Setup } from "./setup.ts";

const it_ = new Setup();
const withText = (text: string) => withRow(it_.store, { text });

/** By the record's Name instead of an external id: those that are created. */
const created = { externalId: "", fields: [...mapping, { field: "Name", column: "uuid" }] };
const byKey = { externalId: "Key__c", fields: [...mapping, { field: "key__C", column: "key" }] };

/** Salesforce trims texts, and has nothing for an empty one; a text field has a number in digits. */
function held(value: unknown): unknown {
  return value === null ? null : String(value).replace(/^[\0- ]+|[\0- ]+$/g, "") || null;
}

const asValue = [
  { field: "text__c", column: "value" },
  { field: "Name", column: "text" },
  { field: "Owner__c", column: "uuid" },
];

describe.each([
  ["upserted by the UUID", "Uuid__c"],
  ["created", "Owner__c"],
])("a record that is %s", (_, own) => {
  const externalId = own === "Uuid__c" ? own : "";
  const copiesOf = (uuid: string) => it_.saved().filter((record) => String(record[own]).startsWith(uuid));
  keepsTheContract(() => ({
    nodeRed: it_.nodeRed,
    store: it_.store,
    vendor: "Salesforce",
    deploy: () => it_.deploy({ externalId, fields: asValue }),
    copies: async (uuid) =>
      copiesOf(uuid).map(({ Name, Text__c = null }) => ({ text: Name!, value: Text__c })),
    requests: () => it_.org.requests.length,
    held,
  }));
});

describe("a record", () => {
  it("has the columns in its fields, and the vCon's UUID as its external id", async () => {
    await it_.deploy();
    const row: Row = {
      text: "Good morning.",
      short: "short",
      seconds: 26.5,
      recall: true,
      day: "2026-11-02T23:30:00-05:00",
      began_at: "2026-11-02T10:00:00.123+01:00",
      mail: "carol@example.com",
      mood: "Fine",
      other: "stays here",
    };
    const uuid = await it_.sent(await withRow(it_.store, row));
    expect(it_.saved()).toMatchObject([
      {
        Uuid__c: uuid,
        Text__c: "Good morning.",
        Short__c: "short",
        Seconds__c: 26.5,
        Recall__c: true,
        Day__c: "2026-11-02",
        Began_At__c: "2026-11-02T09:00:00.000+0000",
        Mail__c: "carol@example.com",
        Mood__c: "Fine",
      },
    ]);
    expect(JSON.stringify(it_.saved())).not.toContain("stays here");
  });

  it("is written over when the row has changed, and keeps what no column says", async () => {
    await it_.deploy();
    const uuid = await withRow(it_.store, { text: "first", short: "kept", seconds: 1 });
    await it_.sent(uuid);
    await rowAgain(it_.store, uuid, { text: "second", seconds: null });
    await it_.sent(uuid);
    expect(it_.saved()).toMatchObject([{ Text__c: "second", Short__c: "kept", Seconds__c: null }]);
  });

  it.each<[string, string, unknown, unknown]>([
    ["a number in a text", "short", 26, "26"],
    ["a truth value in a text", "short", false, "false"],
    ["digits in a number", "seconds", "26.5", 26.5],
    ["a day in a date", "day", "2026-11-02", "2026-11-02"],
    ["the first day that Salesforce knows", "day", "1700-01-01", "1700-01-01"],
    ["the last day that it knows", "day", "4000-12-31", "4000-12-31"],
    ["a leap day", "day", "2024-02-29", "2024-02-29"],
    ["a time with a zone", "began_at", "2026-11-02T23:30:00.987654321-05:00", "2026-11-03T04:30:00.000+0000"],
  ])("takes %s", async (_, column, value, saved) => {
    await it_.deploy();
    await it_.sent(await withRow(it_.store, { [column]: value as string }));
    const { field } = mapping.find((each) => each.column === column)!;
    expect(it_.saved()[0]![field]).toBe(saved);
  });

  it.each<[string, string, unknown]>([
    ["words in a number", "seconds", "soon"],
    ["digits that no number has", "seconds", "9007199254740993"],
    ["a number that is too large", "seconds", 2 ** 60],
    ["a truth value in a number", "seconds", true],
    ["words in a checkbox", "recall", "yes"],
    ["nothing in a checkbox", "recall", null],
    ["words in a date", "day", "soon"],
    ["a day that is none", "day", "2026-02-30"],
    ["a year before Salesforce's calendar", "day", "1582-10-15"],
    ["a year behind it", "began_at", "9999-12-31T23:59:59Z"],
    ["a time without a zone", "began_at", "2026-11-02T10:00:00"],
    ["a number in a date", "day", 20261102],
    ["a text that is too long", "short", "x".repeat(21)],
    ["a text that is no address", "mail", "carol"],
    ["a word that is not in the list", "mood", "Glad"],
  ])("does not take %s, and names the column", async (_, column, value) => {
    await it_.deploy();
    const good = withText("good");
    const bad = withRow(it_.store, { text: "secret words", [column]: value as string });
    const [uuid, refused] = await Promise.all([good, bad]);
    const sending = it_.sent(uuid);
    const error = await it_.refused(refused);
    await sending;
    expect(error).toMatchObject({ code: "BAD_VALUE", message: expect.stringContaining(`"${column}"`) });
    expect(JSON.stringify([error, it_.nodeRed.log])).not.toMatch(/secret words|soon|Glad|carol/);
    expect(it_.saved()).toMatchObject([{ Uuid__c: uuid, Text__c: "good" }]);
  });

  it("is refused for a control character before anything leaves", async () => {
    await it_.deploy();
    const before = it_.org.requests.length;
    for (const text of ["a\0b", "a\u0001b", "a\ud800b"]) {
      expect(await it_.refused(await withText(text))).toMatchObject({ code: "BAD_VALUE" });
    }
    expect(it_.org.requests.length).toBe(before);
  });
});

it("takes any value into any field as it was, or refuses it and names the column", async () => {
  await it_.deploy();
  const columns = fc.constantFrom(...mapping.map(({ column }) => column));
  const times = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  await fc.assert(
    fc.asyncProperty(columns, fc.oneof(anyValue, times), async (column, value) => {
      const uuid = await withRow(it_.store, { [column]: value });
      const { at, message } = await it_.nodeRed.through("node", { payload: uuid });
      const { field } = mapping.find((each) => each.column === column)!;
      const saved = it_.saved().find((record) => record["Uuid__c"] === uuid);
      if (at === "out") {
        expect([value, saved![field], isSame(value, saved![field] ?? null)]).toEqual([
          value,
          saved![field],
          true,
        ]);
        return;
      }
      expect(message.error).toMatchObject({ code: "BAD_VALUE" });
      expect(message.error!.message).toContain(`"${column}"`);
      expect(saved).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

/** As Salesforce keeps it: texts trimmed, numbers with two decimals, times to the second. */
function isSame(value: Row[string], saved: Row[string]): boolean {
  if (typeof saved === "number") return Math.abs(saved - Number(value)) <= 0.005;
  if (typeof saved === "boolean" || saved === null) return (held(value) ?? null) === held(saved);
  const isTime = /^\d{4}-\d\d-\d\dT.*\+0000$/.test(saved);
  if (isTime) return Math.abs(Date.parse(saved) - Date.parse(String(value))) < 1000;
  const isDay = /^\d{4}-\d\d-\d\d$/.test(saved);
  return saved === held(value) || (isDay && String(value).startsWith(saved));
}

describe("a record without an external id", () => {
  it("is created once, and then written over by its id", async () => {
    await it_.deploy(created);
    const uuid = await withText("first");
    await it_.sent(uuid);
    await rowAgain(it_.store, uuid, { text: "second" });
    await it_.sent(uuid);
    const [record, ...others] = it_.saved();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ Name: uuid, Text__c: "second" });
    const { host } = new URL(it_.org.url);
    expect(await it_.handle(uuid)).toEqual({ host, object: "Conversation__c", id: record!["Id"] });
  });

  it("is not mixed up with one that another org has under the same id", async () => {
    await it_.deploy(created);
    const uuid = await withText("the vCon's");
    await it_.sent(uuid);
    const handle = (await it_.handle(uuid))!;
    const other = await startSalesforceStandIn({ client });
    const id = other.records.seed("Conversation__c", { Text__c: "somebody's" });
    expect(id).toBe(handle["id"]);
    await it_.deploy(created, { url: other.url });
    await expect(it_.nodeRed.erase("node", uuid, handle)).rejects.toMatchObject({
      code: "OTHER_ORG",
      message: expect.stringContaining(new URL(it_.org.url).host),
    });
    await it_.sent(uuid);
    expect(other.records.all("Conversation__c").map((record) => record["Text__c"])).toEqual([
      "somebody's",
      "the vCon's",
    ]);
    await other.close();
  });

  it("is made anew where somebody has deleted it", async () => {
    await it_.deploy(created);
    const uuid = await withText("first");
    await it_.sent(uuid);
    await it_.nodeRed.erase("node", uuid, (await it_.handle(uuid))!);
    expect(it_.saved()).toEqual([]);
    await it_.sent(uuid);
    expect(it_.saved()).toMatchObject([{ Name: uuid }]);
  });

  it("is not mixed up with what the node wrote into another object before", async () => {
    await it_.deploy(created);
    const uuid = await withText("first");
    await it_.sent(uuid);
    await it_.deploy({ externalId: "", object: "Contact", fields: [{ field: "LastName", column: "text" }] });
    await it_.sent(uuid);
    expect([it_.saved().length, it_.saved("Contact").length]).toEqual([1, 1]);
  });

  it("whose fate is unknown can't be erased, and the error says where to look", async () => {
    await it_.deploy({ ...created, timeLimit: 1 });
    await it_.sent(await withText("first"));
    it_.org.fail("silence");
    const uuid = await withText("second");
    await it_.refused(uuid);
    const erased = it_.nodeRed.erase("node", uuid, (await it_.handle(uuid))!);
    await expect(erased).rejects.toMatchObject({ code: "COPY_UNKNOWN" });
  });
});

describe("an external id of the org's own", () => {
  const keyed = (key: Row[string], text: string) => withRow(it_.store, { key, text });

  it("finds the record that is there, which is emptied and not deleted when the vCon is erased", async () => {
    await it_.deploy(byKey);
    it_.org.records.seed("Conversation__c", { Key__c: "A-1", Name: "kept", Short__c: "kept" });
    const row = { key: "a-1", text: "from the vCon", recall: true };
    const uuid = await it_.sent(await withRow(it_.store, row));
    expect(it_.saved()).toMatchObject([{ Name: "kept", Text__c: "from the vCon", Recall__c: true }]);
    const handle = (await it_.handle(uuid))!;
    expect(JSON.stringify(handle)).not.toContain("a-1");
    await it_.nodeRed.erase("node", uuid, handle);
    expect(it_.saved()).toMatchObject([
      { Key__c: "A-1", Name: "kept", Short__c: "kept", Text__c: null, Recall__c: false },
    ]);
    it_.org.records.remove(it_.org.records.objectNamed("Conversation__c"), String(handle["id"]));
    await it_.nodeRed.erase("node", uuid, handle);
    expect(it_.saved()).toEqual([]);
  });

  it("that no record has makes one, which stays for others to share, without what the vCon wrote", async () => {
    await it_.deploy(byKey);
    const uuid = await keyed("A-2", "from the vCon");
    await it_.sent(uuid);
    await it_.sent(uuid);
    await it_.nodeRed.erase("node", uuid, (await it_.handle(uuid))!);
    expect(it_.saved()).toMatchObject([{ Key__c: "A-2", Text__c: null }]);
    // Nor is it taken for the vCon's own when the node finds no record by an external id any more.
    await it_.deploy(created);
    await it_.sent(uuid);
    expect(it_.saved()).toHaveLength(2);
  });

  it("keeps what a later vCon wrote, where a field says whose it is", async () => {
    await it_.deploy({ ...byKey, fields: [...byKey.fields, { field: "last_UUID__c", column: "uuid" }] });
    const [earlier, later] = [await keyed("A-5", "earlier"), await keyed("A-5", "later")];
    await it_.sent(earlier);
    await it_.sent(later);
    await it_.nodeRed.erase("node", earlier, (await it_.handle(earlier))!);
    expect(it_.saved()).toMatchObject([{ Key__c: "A-5", Text__c: "later", Last_Uuid__c: later }]);
    await it_.nodeRed.erase("node", later, (await it_.handle(later))!);
    expect(it_.saved()).toMatchObject([{ Key__c: "A-5", Text__c: null, Last_Uuid__c: null }]);
  });

  it("leaves a field that must not be empty, and says so", async () => {
    const { fields } = it_.org.records.objectNamed("Contact");
    const added: typeof fields = [
      { name: "Number__c", type: "string", length: 20, externalId: true, unique: true },
      { name: "Last_Uuid__c", type: "string", length: 36 },
    ];
    fields.push(...added);
    await it_.deploy({
      object: "Contact",
      externalId: "Number__c",
      fields: [
        { field: "LastName", column: "text" },
        { field: "FirstName", column: "text" },
        { field: "Number__c", column: "key" },
        { field: "Last_Uuid__c", column: "uuid" },
      ],
    });
    const uuid = await it_.sent(await keyed("A-6", "Carter"));
    const handle = (await it_.handle(uuid))!;
    for (let times = 0; times < 2; times++) {
      await expect(it_.nodeRed.erase("node", uuid, handle)).rejects.toMatchObject({
        code: "NOT_EMPTIED",
        message: expect.stringContaining("LastName"),
      });
    }
    fields.splice(-added.length);
    expect(it_.saved("Contact")).toMatchObject([{ LastName: "Carter", FirstName: null }]);
  });

  it("is not mixed up with another that differs in case, where the field tells them apart", async () => {
    await it_.deploy({ externalId: "Code__c", fields: [...mapping, { field: "Code__c", column: "key" }] });
    await it_.sent(await keyed("before", "before"));
    const keys = ["a-3", "A-3", "a-3"];
    const uuids = await Promise.all(keys.map((key, n) => keyed(key, `${key} ${n}`)));
    await Promise.all(uuids.map((uuid) => it_.sent(uuid)));
    expect(it_.saved().map(({ Code__c, Text__c }) => [Code__c, Text__c])).toEqual([
      ["before", "before"],
      ["A-3", "A-3 1"],
      ["a-3", "a-3 2"],
    ]);
  });

  it("may be that of several vCons that come at once: the latest stays", async () => {
    await it_.deploy(byKey);
    await it_.sent(await keyed("A-3", "before"));
    const uuids = await Promise.all(
      Array.from({ length: 20 }, (_, n) => keyed(n % 2 ? "A-3" : " a-3", `${n}`)),
    );
    await Promise.all(uuids.map((uuid) => it_.sent(uuid)));
    expect(it_.saved()).toMatchObject([{ Key__c: "A-3", Text__c: "19" }]);
  });

  it.each([`x' OR Name != '`, "a/b?c=d%2F#e", "\\", `'); DELETE`, "Ünï 召回"])(
    "may be any text: %s",
    async (key) => {
      await it_.deploy(byKey);
      it_.org.records.seed("Conversation__c", { Key__c: "other", Text__c: "other" });
      const uuid = await it_.sent(await keyed(key, "mine"));
      expect(it_.saved()).toMatchObject([{ Text__c: "other" }, { Key__c: key, Text__c: "mine" }]);
      await it_.nodeRed.erase("node", uuid, (await it_.handle(uuid))!);
      expect(it_.saved()).toMatchObject([{ Text__c: "other" }, { Key__c: key, Text__c: null }]);
    },
  );

  it.each(["", "  ", null, 0])("must not be empty: %j", async (key) => {
    await it_.deploy(byKey);
    expect(await it_.refused(await keyed(key, "x"))).toMatchObject({ code: "NO_KEY" });
  });

  it("must be in the row: another one is not taken in its place", async () => {
    await it_.deploy(byKey);
    expect(await it_.refused(await withText("x"))).toMatchObject({
      code: "NO_KEY",
      message: expect.stringContaining('"key"'),
    });
    expect(it_.saved()).toEqual([]);
  });

  it("that several records have is refused", async () => {
    await it_.deploy({ externalId: "Code__c", fields: [...mapping, { field: "Code__c", column: "key" }] });
    for (const Name of ["a", "b"]) it_.org.records.seed("Conversation__c", { Code__c: "A-4", Name });
    expect(await it_.refused(await keyed("A-4", "x"))).toMatchObject({ code: "DUPLICATE_EXTERNAL_ID" });
  });
});

describe("what Salesforce says of one record", () => {
  it.each<[string, string, RegExp]>([
    [
      "FIELD_CUSTOM_VALIDATION_EXCEPTION",
      "FIELD_CUSTOM_VALIDATION_EXCEPTION",
      /validation rule.*"text" for the field Text__c/,
    ],
    ["DUPLICATES_DETECTED", "DUPLICATES_DETECTED", /duplicate rule/],
    ["DUPLICATE_VALUE", "DUPLICATE_VALUE", /unique/],
    ["REQUIRED_FIELD_MISSING", "REQUIRED_FIELD_MISSING", /required field/],
    ["STRING_TOO_LONG", "BAD_VALUE", /longer than the field.*"text"/],
    ["NUMBER_OUTSIDE_VALID_RANGE", "BAD_VALUE", /more digits/],
    ["INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_OR_READONLY", /right/],
    ["INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_FIELD_FOR_INSERT_UPDATE", /right/],
    ["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", /trigger or flow/],
    ["STORAGE_LIMIT_EXCEEDED", "STORAGE_LIMIT_EXCEEDED", /storage/],
    ["SOMETHING_NEW", "SOMETHING_NEW", /answered SOMETHING_NEW/],
  ])("fails that one alone, at once, in our own words: %s", async (statusCode, code, words) => {
    await it_.deploy();
    let times = 0;
    it_.org.rule = ({ fields }) => {
      if (fields["Text__c"] !== "bad") return undefined;
      times++;
      return { statusCode, message: "bad: secret words of the org", fields: ["Text__c"] };
    };
    const [good, bad] = await Promise.all([withText("good"), withText("bad")]);
    const sending = it_.sent(good);
    const error = await it_.refused(bad);
    await sending;
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(JSON.stringify([error, it_.nodeRed.log])).not.toContain("secret words");
    expect(times).toBe(1);
  });

  it.each(["UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG"])(
    "is tried again alone where it passes: %s",
    async (statusCode) => {
      await it_.deploy();
      await it_.sent(await withText("before"));
      const seen: unknown[] = [];
      it_.org.rule = ({ fields }) => {
        seen.push(fields["Text__c"]);
        const isFirst = seen.filter((text) => text === "locked").length === 1;
        if (fields["Text__c"] !== "locked" || !isFirst) return undefined;
        return { statusCode, message: "locked", fields: [] };
      };
      const uuids = await Promise.all([withText("one"), withText("locked"), withText("two")]);
      await Promise.all(uuids.map((uuid) => it_.sent(uuid)));
      expect(seen.filter((text) => text === "one")).toHaveLength(1);
      expect(seen.filter((text) => text === "locked")).toHaveLength(2);
      expect(it_.saved()).toHaveLength(4);
    },
  );
});

describe("many records", () => {
  it("go 200 a request, and what is no good does not keep the others", async () => {
    await it_.deploy();
    await it_.sent(await withText("before"));
    it_.org.rule = ({ fields }) =>
      String(fields["Text__c"]).endsWith("7")
        ? { statusCode: "FIELD_CUSTOM_VALIDATION_EXCEPTION", message: "No sevens", fields: ["Text__c"] }
        : undefined;
    const uuids = await Promise.all(Array.from({ length: 500 }, (_, n) => withText(`row ${n}`)));
    const before = it_.requests().length;
    const ends = await Promise.all(uuids.map((payload) => it_.nodeRed.through("node", { payload })));
    expect(ends.filter(({ at }) => at === "failure")).toHaveLength(50);
    expect(it_.saved()).toHaveLength(451);
    // One goes at once, the others together in three.
    expect(it_.requests().length - before).toBeLessThanOrEqual(5);
  });

  it("that are created are each created once, also where one of their requests fails", async () => {
    await it_.deploy(created);
    await it_.sent(await withText("before"));
    const uuids = await Promise.all(Array.from({ length: 450 }, (_, n) => withText(`row ${n}`)));
    let requests = 0;
    it_.org.rule = ({ fields }) => {
      if (fields["Text__c"] !== "row 210" || requests++ > 0) return undefined;
      it_.org.fail("reset");
      return undefined;
    };
    await Promise.all(uuids.map((uuid) => it_.sent(uuid)));
    const names = it_.saved().map(({ Name }) => Name);
    expect(new Set(names).size).toBe(451);
    expect(names).toHaveLength(451);
  });
});

describe("the settings", () => {
  it.each<[string, object, string, RegExp]>([
    ["an unknown object", { object: "Lead" }, "NOT_FOUND", /does not exist/],
    [
      "an unknown field",
      { fields: [{ field: "Secret__c", column: "text" }] },
      "NO_FIELD",
      /no field Secret__c/,
    ],
    [
      "a field that only Salesforce writes",
      { fields: [{ field: "CreatedDate", column: "text" }] },
      "NO_FIELD",
      /CreatedDate/,
    ],
    ["an external id that is none", { externalId: "Owner__c" }, "NOT_FOUND", /external id/],
    [
      "a column that no row has",
      { fields: [{ field: "Text__c", column: "words" }] },
      "NO_COLUMN",
      /none of the columns/,
    ],
    ["an object that is no name", { object: "Contact/../Task" }, "NOT_CONFIGURED", /API name/],
    ["a field that is no name", { fields: [{ field: "a b", column: "text" }] }, "NOT_CONFIGURED", /API name/],
    ["an external id that is no name", { externalId: "Uuid__c?x" }, "NOT_CONFIGURED", /API name/],
    ["another projection", { projection: "billing" }, "NO_PROJECTION", /no projection "billing"/],
  ])("have %s: the error says so", async (_, settings, code, words) => {
    await it_.deploy(settings);
    expect(await it_.refused(await withText("secret words"))).toMatchObject({
      code,
      message: expect.stringMatching(words),
    });
    expect(it_.saved()).toEqual([]);
  });

  it("name a field that an admin adds while the flow runs", async () => {
    await it_.deploy({ fields: [{ field: "New__c", column: "text" }] });
    expect(await it_.refused(await withText("x"))).toMatchObject({ code: "NO_FIELD" });
    const { fields } = it_.org.records.objectNamed("Conversation__c");
    fields.push({ name: "New__c", type: "string", length: 20 });
    await it_.sent(await withText("x"));
    fields.pop();
    expect(it_.saved()).toMatchObject([{ New__c: "x" }]);
  });
});

describe("erasing", () => {
  it("finds a copy whose fate is unknown by the vCon's UUID", async () => {
    await it_.deploy({ timeLimit: 1 });
    const uuid = await withText("x");
    await it_.sent(await withText("y"));
    it_.org.fail("truncated");
    await it_.refused(uuid);
    expect(it_.saved()).toHaveLength(2);
    await it_.nodeRed.erase("node", uuid, (await it_.handle(uuid))!);
    expect(it_.saved()).toMatchObject([{ Text__c: "y" }]);
  });

  it.each([`x' OR Name != '`, "\\' OR Name != '", "%"])(
    "is not led astray by a handle: %s",
    async (value) => {
      await it_.deploy();
      await it_.sent(await withText("kept"));
      const { host } = new URL(it_.org.url);
      await it_.nodeRed.erase("node", newUuid(), {
        host,
        object: "Conversation__c",
        field: "Uuid__c",
        value,
      });
      expect(it_.saved()).toHaveLength(1);
      const handle = { host, object: "Contact/x", id: "y" };
      await expect(it_.nodeRed.erase("node", newUuid(), handle)).rejects.toThrow("API name");
    },
  );

  it("that the org refuses is an error", async () => {
    await it_.deploy();
    const uuid = await it_.sent(await withText("kept"));
    it_.org.rule = () => ({ statusCode: "ENTITY_IS_LOCKED", message: "Locked.", fields: [] });
    const erased = it_.nodeRed.erase("node", uuid, (await it_.handle(uuid))!);
    await expect(erased).rejects.toMatchObject({ code: "ENTITY_IS_LOCKED" });
  });
});

it("passes a vCon without the projection to no one", async () => {
  await it_.deploy();
  const uuid = await stored(it_.store, chat("Good morning."));
  expect(await it_.refused(uuid)).toMatchObject({
    code: "NO_PROJECTION",
    message: expect.stringContaining(`"${PROJECTION}"`),
  });
  expect(await it_.store.trail(uuid)).toEqual([]);
});
