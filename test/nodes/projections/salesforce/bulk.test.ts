import { beforeEach, describe, expect, it } from "vitest";
import { withRow } from "../../../support/destination.ts";
import { mapping, Setup } from "./setup.ts";

const it_ = new Setup();
const MANY = 2_200;
const odd = ["two\r\nlines", "#N/A", 'a "b", c; d', "=1+1", "two\nlines", "", "召回"];

/** Rows of all kinds, in the store, the first of them sent, so that the others gather behind the second. */
async function waiting(count = MANY): Promise<string[]> {
  await it_.sent(await withRow(it_.store, { text: "before" }));
  const texts = Array.from({ length: count }, (_, n) => odd[n] ?? `row ${n}`);
  return Promise.all(texts.map((text, n) => withRow(it_.store, { text, seconds: n, recall: n % 2 === 0 })));
}

/** The errors of those that did not go through. */
async function failuresOf(uuids: string[]) {
  const ends = await Promise.all(uuids.map((payload) => it_.nodeRed.through("node", { payload })));
  return ends.flatMap(({ at, message }) => (at === "failure" ? message.error! : []));
}

const byUuid = () => new Map(it_.saved().map((record) => [record["Uuid__c"], record]));

describe("when many wait, a bulk job", () => {
  beforeEach(() => it_.deploy());

  it("saves them, each as it is, and what a file would spoil goes beside it", async () => {
    const uuids = await waiting();
    it_.org.records.seed("Conversation__c", { Uuid__c: uuids[100]!, Text__c: "old", Short__c: "kept" });
    const before = it_.requests().length;
    expect((await failuresOf(uuids)).length).toBe(0);
    const saved = byUuid();
    for (const [n, uuid] of uuids.entries()) {
      const text = odd[n] ?? `row ${n}`;
      expect(saved.get(uuid)).toMatchObject({ Text__c: text || null, Seconds__c: n, Recall__c: n % 2 === 0 });
    }
    expect(saved.get(uuids[100]!)).toMatchObject({ Short__c: "kept" });
    const asked = it_.requests().slice(before);
    expect(asked.length).toBeLessThan(20);
    expect(asked.filter((request) => request.endsWith("/batches"))).toHaveLength(1);
    // Nothing of the conversations stays behind with the job.
    expect(it_.org.jobs.states).toEqual([]);
    expect(await it_.handle(uuids[50]!)).toEqual({
      host: new URL(it_.org.url).host,
      object: "Conversation__c",
      field: "Uuid__c",
      value: uuids[50],
    });
  });

  it("tells which records were refused, and why", async () => {
    const uuids = await waiting();
    it_.org.rule = ({ fields }) =>
      Number(fields["Seconds__c"]) % 100 === 7
        ? {
            statusCode: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            message: "secret: words",
            fields: ["Seconds__c"],
          }
        : undefined;
    const failures = await failuresOf(uuids);
    expect(failures.length).toBe(MANY / 100);
    for (const error of failures) {
      expect(error).toMatchObject({
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        message: expect.stringContaining('"seconds" for the field Seconds__c'),
      });
      expect(error.message).not.toContain("secret");
    }
    expect(it_.saved().length).toBe(1 + MANY - failures.length);
  });

  it("is tried again for the records that another change held", async () => {
    const uuids = await waiting();
    let isHeld = true;
    it_.org.rule = ({ fields }) => {
      if (fields["Seconds__c"] !== 1000 || !isHeld) return undefined;
      isHeld = false;
      return { statusCode: "UNABLE_TO_LOCK_ROW", message: "unable to obtain exclusive access", fields: [] };
    };
    expect((await failuresOf(uuids)).length).toBe(0);
    expect(it_.saved().length).toBe(MANY + 1);
  });

  it("that breaks off is begun anew, and nothing is there twice", async () => {
    const uuids = await waiting();
    it_.org.jobs.onStart = () => {
      it_.org.jobs.onStart = () => {};
      it_.org.fail({ status: 503 });
    };
    expect((await failuresOf(uuids)).length).toBe(0);
    expect(it_.saved().length).toBe(MANY + 1);
    expect(it_.org.jobs.states).toEqual(["Aborted"]);
  });

  it("that an admin aborts fails those it has not saved, and says where to look", async () => {
    const uuids = await waiting();
    it_.org.jobs.onStart = (job) => {
      job.state = "Aborted";
    };
    const failures = await failuresOf(uuids);
    expect(failures.length).toBeGreaterThan(MANY - 10);
    expect(failures.at(-1)).toMatchObject({
      code: "BULK_JOB_FAILED",
      message: expect.stringContaining("Bulk Data Load Jobs"),
    });
  });
});

it("a bulk job that takes longer than the time limit is aborted", async () => {
  await it_.deploy({ timeLimit: 3 });
  const uuids = await waiting();
  it_.org.jobs.onStart = (job) => {
    job.isStuck = true;
  };
  const failures = await failuresOf(uuids);
  expect(failures.at(-1)).toMatchObject({ code: "TIME_LIMIT" });
  await expect.poll(() => it_.org.jobs.states).toEqual(["Aborted"]);
});

it("without an external id there is no bulk job: each is created once", async () => {
  await it_.deploy({ externalId: "", fields: [...mapping, { field: "Owner__c", column: "uuid" }] });
  const uuids = await waiting();
  expect((await failuresOf(uuids)).length).toBe(0);
  expect(new Set(it_.saved().map(({ Owner__c }) => Owner__c)).size).toBe(MANY + 1);
  expect(it_.requests().filter((request) => request.includes("/jobs/"))).toEqual([]);
});
