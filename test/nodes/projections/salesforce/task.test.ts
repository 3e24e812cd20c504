import { beforeEach, describe, expect, it } from "vitest";
import {
  addAnalysis,
  addParty,
  buildNew,
  type Party,
  projectionAnalysis,
  type Row,
} from "../../../../core/index.ts";
import { PROJECTION, rowAgain } from "../../../support/destination.ts";
import { stored } from "../../../support/vcons.ts";
import { Setup } from "./setup.ts";

const it_ = new Setup();
const BEGAN = "2026-11-02T23:30:00-05:00";

beforeEach(() => it_.deploy({ ...asTask }));

const asTask = {
  what: "task",
  fields: [
    { field: "Description", column: "text" },
    { field: "CallDurationInSeconds", column: "seconds" },
  ],
  status: "Completed",
  anyway: false,
};

/** A conversation of these parties, with a row. */
function withParties(
  parties: Party[],
  row: Row = { text: "Good morning." },
  subject?: string,
): Promise<string> {
  const vcon = buildNew({ created_at: BEGAN, ...(subject && { subject }) });
  for (const party of parties) addParty(vcon, party);
  addAnalysis(vcon, projectionAnalysis({ name: PROJECTION, row, dialog: [] }));
  return stored(it_.store, vcon);
}

const agent: Party = {
  role: "agent",
  name: "Alice Archer",
  tel: "+12025550199",
  mailto: "alice@example.com",
};
const customer = (party: Party): Party[] => [{ role: "customer", ...party }, agent];
const carol = () => withParties(customer({ tel: "+12025550101" }));

const contact = (fields: Row, LastName = "Carter") =>
  it_.org.records.seed("Contact", { LastName, ...fields });
const tasks = () => it_.saved("Task");

describe("a Task", () => {
  it("is done, on the day of the conversation, and on the Contact", async () => {
    const WhoId = contact({ Phone: "(202) 555-0101" });
    const row = { text: "Good morning.", seconds: 26.4 };
    const uuid = await it_.sent(await withParties(customer({ tel: "+12025550101" }), row, "A recall"));
    expect(tasks()).toMatchObject([
      {
        WhoId,
        Subject: "A recall",
        Description: "Good morning.",
        Status: "Completed",
        ActivityDate: "2026-11-02",
        CallDurationInSeconds: 26,
        CallObject: `vcon:${uuid}`,
      },
    ]);
  });

  it("has what the columns say in place of what it would have by itself", async () => {
    contact({ Phone: "2025550101" });
    const fields = [
      { field: "subject", column: "text" },
      { field: "Status", column: "status" },
    ];
    await it_.deploy({ ...asTask, fields });
    await it_.sent(
      await withParties(customer({ tel: "+12025550101" }), { text: "Mine", status: "Deferred" }),
    );
    expect(tasks()).toMatchObject([{ Subject: "Mine", Status: "Deferred" }]);
  });

  it("is made once, and what people changed in it stays when the vCon comes again", async () => {
    const first = contact({ Phone: "2025550101" });
    const uuid = await carol();
    await Promise.all([it_.sent(uuid), it_.sent(uuid)]);
    const task = tasks()[0] as { Id: string };
    const changed = { Status: "Deferred", Subject: "Call back", WhoId: contact({}, "Dixon") };
    it_.org.records.update(it_.org.records.objectNamed("Task"), task.Id, changed);
    await rowAgain(it_.store, uuid, { text: "Good evening." });
    await it_.deploy({ ...asTask });
    await it_.sent(uuid);
    expect(tasks()).toMatchObject([{ ...changed, Description: "Good evening." }]);
    expect(changed.WhoId).not.toBe(first);
  });

  it("is found again where the answer to what made it got lost", async () => {
    contact({ Phone: "2025550101" });
    let times = 0;
    it_.org.rule = ({ object, fields }) => {
      if (++times > 1) return undefined;
      it_.org.records.seed(object, fields);
      throw new Error("The connection breaks.");
    };
    const uuid = await it_.sent(await carol());
    expect(tasks()).toMatchObject([{ CallObject: `vcon:${uuid}` }]);
    expect(times).toBe(2);
  });

  it("leaves the field by which it is found again to the node", async () => {
    contact({ Phone: "2025550101" });
    await it_.deploy({ ...asTask, fields: [{ field: "callobject", column: "text" }] });
    expect(await it_.refused(await carol())).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining("CallObject"),
    });
    expect(it_.org.requests).toEqual([]);
  });

  it("does not take a subject with control characters", async () => {
    const party = customer({ tel: "+12025550101" });
    const uuid = await withParties(party, undefined, "a\0b");
    expect(await it_.refused(uuid)).toMatchObject({
      code: "BAD_VALUE",
      message: expect.stringContaining('"subject"'),
    });
    expect(it_.org.requests).toEqual([]);
  });

  it("is told in the trail, and erased, also when the node writes something else by then", async () => {
    contact({ Phone: "2025550101" });
    const [kept, erased] = [await carol(), await carol()];
    await it_.sent(kept);
    await it_.sent(erased);
    const [event] = await it_.store.trail(erased);
    expect(event).toMatchObject({
      recipient: { vendor: "Salesforce", product: "Task", categories: ["projection", "parties"] },
      handle: {
        object: "Task",
        field: "CallObject",
        value: `vcon:${erased}`,
        id: expect.stringMatching(/^00T/),
      },
    });
    expect(JSON.stringify(event)).not.toMatch(/2025550101|Good morning/);
    const handle = (await it_.handle(erased))!;
    // The node may write something else by then.
    await it_.deploy({ fields: [{ field: "Text__c", column: "other" }] });
    await it_.nodeRed.erase("node", erased, handle);
    expect(tasks()).toMatchObject([{ CallObject: `vcon:${kept}` }]);
    await it_.nodeRed.erase("node", erased, handle);
    // As after an answer that never came.
    const { id, ...drawn } = (await it_.handle(kept))!;
    expect(id).toBeDefined();
    await it_.nodeRed.erase("node", kept, drawn);
    expect(tasks()).toEqual([]);
  });
});

describe("the Contact", () => {
  it.each<[string, string, Row]>([
    ["as it is", "+12025550101", { Phone: "+12025550101" }],
    ["written for a home country", "+12025550101", { MobilePhone: "(202) 555-0101" }],
    ["with dots", "+12025550101", { HomePhone: "202.555.0101" }],
    ["with its country's code", "+12025550101", { OtherPhone: "1 202 555 0101" }],
    ["with a zero for the home country", "+442079460018", { Phone: "020 7946 0018" }],
    ["with what is dialled to leave a country", "+442079460018", { Phone: "0044 20 79460018" }],
    ["as a URL with an extension", "tel:+1-202-555-0101;ext=5", { Phone: "2025550101" }],
    ["that is no whole number in the vCon, either", "202 555 0101", { Phone: "(202) 5550101" }],
  ])("is found by a telephone number %s", async (_, tel, fields) => {
    contact({ Phone: "(202) 555-0111" }, "Dixon");
    const WhoId = contact(fields);
    await it_.sent(await withParties(customer({ tel })));
    expect(tasks()).toMatchObject([{ WhoId }]);
  });

  it("is found by an e-mail address, whatever its case", async () => {
    const WhoId = contact({ Email: "Carol.Carter@Example.com" });
    await it_.sent(await withParties(customer({ mailto: "mailto:carol.carter@example.com" })));
    expect(tasks()).toMatchObject([{ WhoId }]);
  });

  it("is of several the one whose number and address both fit, else by the number, else the newest", async () => {
    const tel = "+12025550101";
    const mailto = "carol@example.com";
    const older = { LastModifiedDate: "2020-01-01T00:00:00.000+0000" };
    contact({ Email: mailto });
    const byTel = contact({ Phone: tel, ...older });
    await it_.sent(await withParties(customer({ tel, mailto })));
    const newest = contact({ Phone: tel });
    await it_.sent(await withParties(customer({ tel, mailto })));
    const both = contact({ Phone: tel, Email: mailto, ...older });
    await it_.sent(await withParties(customer({ tel, mailto })));
    expect(tasks().map(({ WhoId }) => WhoId)).toEqual([byTel, newest, both]);
  });

  it("is the customer's, and never the agent's", async () => {
    contact({ Phone: "+12025550199", Email: "alice@example.com" }, "Archer");
    const WhoId = contact({ Phone: "+12025550101" });
    await it_.sent(await carol());
    await it_.sent(await withParties([agent, { tel: "+12025550101" }, { tel: "+12025550144" }]));
    expect(tasks().map((task) => task["WhoId"])).toEqual([WhoId, WhoId]);
    const error = await it_.refused(await withParties(customer({ tel: "+12025550155" })));
    expect(error).toMatchObject({ code: "NO_CONTACT" });
  });

  it("is not found by an assistant's number or a fax", async () => {
    contact({ AssistantPhone: "+12025550101", Fax: "+12025550101" });
    expect(await it_.refused(await carol())).toMatchObject({ code: "NO_CONTACT" });
  });

  it.each<[string, Party]>([
    ["nobody has the number", { tel: "+12025550177" }],
    ["nobody has the address", { mailto: "nobody@example.com" }],
    ["there is neither", { name: "Carol Carter" }],
    ["the number is none", { tel: "anonymous" }],
    ["the number is an extension", { tel: "1001" }],
    ["the address is none", { mailto: "carol" }],
  ])("is missing where %s: the error says what to do, and with Anyway the Task is made", async (_, party) => {
    contact({ Phone: "1001" });
    const uuid = await withParties(customer(party));
    const error = await it_.refused(uuid);
    expect(error).toMatchObject({ code: "NO_CONTACT", message: expect.stringContaining("Anyway") });
    for (const address of Object.values(party)) expect(error.message).not.toContain(address);
    expect(tasks()).toEqual([]);
    await it_.deploy({ ...asTask, anyway: true });
    await it_.sent(uuid);
    expect(tasks()).toHaveLength(1);
    expect(tasks()[0]).not.toHaveProperty("WhoId");
  });

  it.each([
    `+12025550101"} IN ALL FIELDS RETURNING Contact(Id)`,
    "+1 202 555 0101) OR (1=1",
    "*",
    "2025550101' OR Name != '",
    "{202}\\5550101",
  ])("is not found by a number that means to mislead: %s", async (tel) => {
    contact({ Phone: "+12025550144" }, "Dixon");
    expect(await it_.refused(await withParties(customer({ tel })))).toMatchObject({ code: "NO_CONTACT" });
  });

  it.each([
    `x'OR'1'='1@example.com`,
    `\\'OR(Name!='x')OR'@example.com`,
    "%@example.com",
    "carol@example.com\\",
    `${"x".repeat(300)}@example.com`,
  ])("is not found by an address that means to mislead: %s", async (mailto) => {
    contact({ Email: "carol@example.com", Phone: "1" });
    expect(await it_.refused(await withParties(customer({ mailto })))).toMatchObject({ code: "NO_CONTACT" });
  });

  it("is found by a telephone field that an admin has added", async () => {
    const { fields } = it_.org.records.objectNamed("Contact");
    fields.push({ name: "Summer_House__c", type: "phone", length: 40 });
    const WhoId = contact({ Summer_House__c: "(202) 555-0101" });
    await it_.sent(await carol());
    fields.pop();
    expect(tasks()).toMatchObject([{ WhoId }]);
  });
});

describe("many Tasks", () => {
  it("take few requests, and each finds its own Contact", async () => {
    const people = Array.from({ length: 120 }, (_, n) => ({
      tel: `+1202555${String(1000 + n)}`,
      mailto: `person-${n}@example.com`,
    }));
    const ids = people.map(({ tel, mailto }, n) =>
      contact(n % 2 ? { Email: mailto } : { Phone: tel.slice(2) }, `Person ${n}`),
    );
    await it_.sent(await withParties(customer(people[0]!)));
    const uuids = await Promise.all(people.map((person) => withParties(customer(person))));
    const before = it_.requests().length;
    await Promise.all(uuids.map((uuid) => it_.sent(uuid)));
    // One goes at once; of the others the numbers take some searches, all else one request each.
    expect(it_.requests().length - before).toBeLessThanOrEqual(25);
    const whoOf = new Map(tasks().map(({ CallObject, WhoId }) => [CallObject, WhoId]));
    expect(uuids.map((uuid) => whoOf.get(`vcon:${uuid}`))).toEqual(ids);
  });

  it("are none the worse for one that has no Contact, or whose text is too long", async () => {
    contact({ Phone: "2025550101" });
    await it_.sent(await carol());
    const good = await Promise.all(Array.from({ length: 5 }, carol));
    const lost = await withParties(customer({ tel: "+12025550177" }));
    const long = await withParties(customer({ tel: "+12025550101" }), { text: "x".repeat(32_001) });
    const sending = good.map((uuid) => it_.sent(uuid));
    const errors = await Promise.all([it_.refused(lost), it_.refused(long)]);
    await Promise.all(sending);
    expect(errors.map(({ code }) => code)).toEqual(["NO_CONTACT", "BAD_VALUE"]);
    expect(errors[1]!.message).toContain('"text"');
    expect(tasks()).toHaveLength(6);
  });

  it("wait for what passes while people are looked up, and are made once", async () => {
    contact({ Phone: "2025550101" });
    await it_.sent(await carol());
    const uuids = await Promise.all(Array.from({ length: 5 }, carol));
    it_.org.fail({ status: 503 }, "reset", "malformed");
    await Promise.all(uuids.map((uuid) => it_.sent(uuid)));
    expect(tasks()).toHaveLength(6);
  });
});
