import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import jsforce, { Connection, OAuth2 } from "jsforce";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type SalesforceStandIn, startSalesforceStandIn } from "./salesforce.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const client = {
  id: "3MVG9.the.client",
  secret: "the secret",
  publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
  users: ["flows@example.com"],
};

let org: SalesforceStandIn;
let connection: Connection;
beforeEach(async () => {
  org = await startSalesforceStandIn({ client });
  const { access_token: accessToken } = await token({});
  connection = new Connection({ instanceUrl: org.url, accessToken, version: "62.0" });
});
afterEach(() => org.close());

function token({ id = client.id, secret = client.secret, grant = "client_credentials" }) {
  const oauth = new OAuth2({ loginUrl: org.url, clientId: id, clientSecret: secret });
  return oauth.requestToken({ grant_type: grant });
}

async function tokenByAssertion(claims: object, key: KeyObject = privateKey, alg = "RS256") {
  const exp = Math.floor(Date.now() / 1000) + 120;
  const all = { iss: client.id, sub: client.users[0], aud: org.url, exp, ...claims };
  const assertion = await new SignJWT(all).setProtectedHeader({ alg }).sign(key);
  const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  return new OAuth2({ loginUrl: org.url }).requestToken({ grant_type, assertion });
}

const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

describe("a token", () => {
  test("is had by client credentials", async () => {
    expect(await token({})).toMatchObject({ token_type: "Bearer", instance_url: org.url, scope: "api" });
  });

  test.each([
    ["an unknown client", { id: "another" }, "invalid_client_id"],
    ["a wrong secret", { secret: "wrong" }, "invalid_client"],
    ["another grant", { grant: "password" }, "unsupported_grant_type"],
  ])("is refused for %s", async (_, credentials, name) => {
    await expect(token(credentials)).rejects.toMatchObject({ name });
  });

  test("is had by a signed assertion", async () => {
    expect(await tokenByAssertion({})).toMatchObject({ token_type: "Bearer", instance_url: org.url });
  });

  const now = () => Math.floor(Date.now() / 1000);
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  test.each<[string, object, string, KeyObject?, string?]>([
    ["is for another audience", { aud: "https://login.salesforce.com" }, "audience is invalid"],
    ["names an unknown user", { sub: "nobody@example.com" }, "user hasn't approved this consumer"],
    ["has expired", { exp: now() - 1 }, "expired authorization code"],
    ["lives too long", { exp: now() + 3600 }, "invalid assertion"],
    ["is signed by another key", {}, "invalid assertion", other],
    ["is signed in another way", {}, "invalid assertion", privateKey, "RS512"],
  ])("is refused for an assertion that %s", async (_, claims, message, key, alg) => {
    await expect(tokenByAssertion(claims, key, alg)).rejects.toMatchObject({
      name: "invalid_grant",
      message,
    });
  });

  test("is good for a while only", async () => {
    org.sessions.endAll();
    await expect(connection.limits()).rejects.toMatchObject({ errorCode: "INVALID_SESSION_ID" });
  });
});

describe("a record", () => {
  test("is created, read, changed and deleted", async () => {
    const contacts = connection.sobject("Contact");
    const { id } = (await contacts.create({ LastName: "Carter", Phone: "+1 (202) 555-0101" })) as {
      id: string;
    };
    expect(id).toMatch(/^003\w{15}$/);
    await contacts.update({ Id: id, FirstName: "Carol" });
    expect(await contacts.retrieve(id)).toMatchObject({ LastName: "Carter", FirstName: "Carol" });
    await contacts.destroy(id);
    await expect(contacts.retrieve(id)).rejects.toMatchObject({ errorCode: "NOT_FOUND" });
    await expect(contacts.destroy(id)).rejects.toMatchObject({ errorCode: "ENTITY_IS_DELETED" });
  });

  test("is stored without the white space around its texts, and with nothing for an empty one", async () => {
    await connection.create("Conversation__c", { Short__c: " two words\n", Text__c: "" });
    expect(org.records.all("Conversation__c")).toMatchObject([{ Short__c: "two words", Text__c: null }]);
  });

  test.each<[string, string, object, string, string[]]>([
    ["lacks what is required", "Contact", { FirstName: "x" }, "REQUIRED_FIELD_MISSING", ["LastName"]],
    [
      "has a text that is too long",
      "Conversation__c",
      { Short__c: "x".repeat(21) },
      "STRING_TOO_LONG",
      ["Short__c"],
    ],
    ["has no e-mail address", "Contact", { LastName: "x", Email: "x" }, "INVALID_EMAIL_ADDRESS", ["Email"]],
    [
      "has a value that is not in the list",
      "Conversation__c",
      { Mood__c: "Glad" },
      "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
      ["Mood__c"],
    ],
    [
      "has too large a number",
      "Conversation__c",
      { Seconds__c: 1e16 },
      "NUMBER_OUTSIDE_VALID_RANGE",
      ["Seconds__c"],
    ],
    [
      "sets what only Salesforce sets",
      "Contact",
      { LastName: "x", CreatedDate: "2026-11-02T10:00:00Z" },
      "INVALID_FIELD_FOR_INSERT_UPDATE",
      ["CreatedDate"],
    ],
    ["refers to nothing", "Task", { WhoId: "nobody" }, "MALFORMED_ID", ["WhoId"]],
  ])("that %s is refused", async (_, object, fields, errorCode, names) => {
    const refused = connection.create(object, fields);
    await expect(refused).rejects.toMatchObject({ errorCode, data: { fields: names } });
    expect(org.records.all(object)).toEqual([]);
  });

  test.each<[string, object]>([
    ["text in a number", { Seconds__c: "26" }],
    ["a number in a text", { Short__c: 26 }],
    ["text in a checkbox", { Recall__c: "true" }],
    ["a time in a date", { Day__c: "2026-11-02T10:00:00Z" }],
    ["a day that is none", { Day__c: "2026-02-30" }],
    ["a year before 1700", { Day__c: "1699-12-31" }],
    ["a year after 4000", { Began_At__c: "4001-01-01T00:00:00Z" }],
    ["a time without its zone", { Began_At__c: "2026-11-02T10:00:00" }],
  ])("is no record with %s", async (_, fields) => {
    const refused = connection.create("Conversation__c", fields);
    await expect(refused).rejects.toMatchObject({ errorCode: "JSON_PARSER_ERROR" });
  });

  test("has no field that its object lacks, and is of no object that the org lacks", async () => {
    const fields = { LastName: "x", Secret__c: "y" };
    await expect(connection.create("Contact", fields)).rejects.toMatchObject({ errorCode: "INVALID_FIELD" });
    await expect(connection.create("Lead", { LastName: "x" })).rejects.toMatchObject({
      errorCode: "NOT_FOUND",
    });
  });

  test("is kept back by a rule of the org", async () => {
    org.rule = ({ fields }) =>
      fields["Short__c"] === "no"
        ? { statusCode: "FIELD_CUSTOM_VALIDATION_EXCEPTION", message: "No.", fields: ["Short__c"] }
        : undefined;
    const refused = connection.create("Conversation__c", { Short__c: "no" });
    await expect(refused).rejects.toMatchObject({ errorCode: "FIELD_CUSTOM_VALIDATION_EXCEPTION" });
  });
});

describe("an external id", () => {
  test("finds the record again, or makes one", async () => {
    const record = { Uuid__c: uuid(1), Short__c: "first" };
    const [made] = await connection.upsert("Conversation__c", [record], "Uuid__c");
    expect(made).toMatchObject({ success: true, created: true });
    const [found] = await connection.upsert("Conversation__c", [{ ...record, Short__c: "again" }], "Uuid__c");
    expect(found).toMatchObject({ id: made!.id, created: false });
    expect(org.records.all("Conversation__c")).toMatchObject([{ Short__c: "again" }]);
  });

  test("of several records is ambiguous", async () => {
    for (const Short__c of ["a", "b"]) org.records.seed("Conversation__c", { Key__c: "same", Short__c });
    const one = connection.upsert("Conversation__c", { Key__c: "same", Short__c: "c" }, "Key__c");
    await expect(one).rejects.toMatchObject({ errorCode: "MULTIPLE_CHOICES" });
    const [many] = await connection.upsert("Conversation__c", [{ Key__c: "same" }], "Key__c");
    expect(many).toMatchObject({ success: false, errors: [{ statusCode: "DUPLICATE_EXTERNAL_ID" }] });
  });

  test("that stands twice in one request saves neither", async () => {
    const records = [{ Key__c: "same" }, { Key__c: "other" }, { Key__c: "SAME" }];
    const results = await connection.upsert("Conversation__c", records, "Key__c");
    expect(results.map(({ success }) => success)).toEqual([false, true, false]);
    expect(results[0]).toMatchObject({ errors: [{ statusCode: "DUPLICATE_VALUE" }] });
  });

  test("is told from another by its case, unless the field is unique", async () => {
    const records = [{ Code__c: "same" }, { Code__c: "SAME" }];
    const results = await connection.upsert("Conversation__c", records, "Code__c");
    expect(results.map(({ success }) => success)).toEqual([true, true]);
    await connection.upsert("Conversation__c", { Code__c: "same", Short__c: "a" }, "Code__c");
    expect(org.records.all("Conversation__c")).toMatchObject([
      { Code__c: "same", Short__c: "a" },
      { Code__c: "SAME" },
    ]);
  });

  test("must be one", async () => {
    const upsert = connection.upsert("Conversation__c", [{ Short__c: "x" }], "Short__c");
    await expect(upsert).rejects.toMatchObject({ errorCode: "NOT_FOUND" });
  });
});

describe("a collection", () => {
  test("has for each record what became of it, in its order", async () => {
    const records = [{ LastName: "Carter" }, { FirstName: "x" }, { LastName: "Dixon" }];
    const results = await connection.create("Contact", records);
    expect(results.map(({ success }) => success)).toEqual([true, false, true]);
    expect(results[1]).toMatchObject({
      errors: [{ statusCode: "REQUIRED_FIELD_MISSING", fields: ["LastName"] }],
    });
    const ids = results.flatMap(({ id }) => id ?? []);
    const removed = await connection.destroy("Contact", [...ids, ids[0]!]);
    expect(removed.map(({ success }) => success)).toEqual([true, true, false]);
  });

  test("has at most 200 records", async () => {
    const records = Array.from({ length: 201 }, () => ({ LastName: "x" }));
    await expect(connection.create("Contact", records)).rejects.toMatchObject({
      errorCode: "EXCEEDED_ID_LIMIT",
    });
  });

  test("fails as a whole for a value of the wrong type", async () => {
    const records = [{ Short__c: "fine" }, { Seconds__c: "26" }];
    const refused = connection.create("Conversation__c", records as object[]);
    await expect(refused).rejects.toMatchObject({ errorCode: "JSON_PARSER_ERROR" });
    expect(org.records.all("Conversation__c")).toEqual([]);
  });
});

test("an object tells of its fields", async () => {
  const { fields } = await connection.describe("Conversation__c");
  const named = (name: string) => fields.find((field) => field.name === name);
  expect(named("Uuid__c")).toMatchObject({ type: "string", length: 36, externalId: true, createable: true });
  expect(named("CreatedDate")).toMatchObject({ type: "datetime", createable: false });
  expect(named("Seconds__c")).toMatchObject({ type: "double", precision: 18, scale: 2 });
});

describe("a query", () => {
  const odd = `a'b\\c"d`;
  beforeEach(() => {
    org.records.seed("Contact", { LastName: "Carter", Email: "carol@example.com" });
    org.records.seed("Contact", { LastName: odd });
  });
  const names = async (soql: string) =>
    (await connection.query<{ LastName: string }>(soql)).records.map(({ LastName }) => LastName);

  test.each([
    [
      "by equality, whatever the case",
      "SELECT LastName FROM Contact WHERE Email = 'CAROL@example.com'",
      ["Carter"],
    ],
    ["by a list", "SELECT LastName FROM Contact WHERE LastName IN ('Carter', 'x')", ["Carter"]],
    [
      "by a text with all that must be escaped",
      String.raw`SELECT LastName FROM Contact WHERE LastName = 'a\'b\\c\"d'`,
      [odd],
    ],
    [
      "by a time",
      "SELECT LastName FROM Contact WHERE CreatedDate > 2020-01-01T00:00:00Z AND Email != null",
      ["Carter"],
    ],
    ["in an order, so many", "SELECT LastName FROM Contact ORDER BY LastName DESC LIMIT 1", ["Carter"]],
    [
      "by this or that",
      "SELECT LastName FROM Contact WHERE (Email = null OR Email = 'x') AND LastName != 'x'",
      [odd],
    ],
  ])("finds %s", async (_, soql, expected) => {
    expect(await names(soql)).toEqual(expected);
  });

  test.each([
    ["a text that does not end", "SELECT Id FROM Contact WHERE LastName = 'x", "MALFORMED_QUERY"],
    ["a quote that ends it early", "SELECT Id FROM Contact WHERE LastName = 'a'b'", "MALFORMED_QUERY"],
    [
      "a backslash before what needs none",
      String.raw`SELECT Id FROM Contact WHERE LastName = '\P'`,
      "MALFORMED_QUERY",
    ],
    ["more behind it", "SELECT Id FROM Contact; DELETE", "MALFORMED_QUERY"],
    ["an unknown field", "SELECT Secret__c FROM Contact", "INVALID_FIELD"],
    ["an unknown object", "SELECT Id FROM Lead", "INVALID_TYPE"],
    [
      "a time in quotes",
      "SELECT Id FROM Contact WHERE CreatedDate > '2020-01-01T00:00:00Z'",
      "INVALID_FIELD",
    ],
    ["a long text to find by", "SELECT Id FROM Task WHERE Description = 'x'", "INVALID_FIELD"],
  ])("is refused for %s", async (_, soql, errorCode) => {
    await expect(connection.query(soql)).rejects.toMatchObject({ errorCode });
  });

  test("answers 2,000 records at a time", async () => {
    for (let count = 0; count < 2_100; count++) org.records.seed("Task", { Subject: String(count) });
    const all = await connection.query("SELECT Subject FROM Task").run({ autoFetch: true, maxFetch: 5_000 });
    expect([all.totalSize, all.records.length]).toEqual([2_100, 2_100]);
  });

  test("has an address of at most 16 kB", async () => {
    const soql = `SELECT Id FROM Contact WHERE LastName = '${"x".repeat(16_384)}'`;
    await expect(connection.query(soql)).rejects.toMatchObject({ errorCode: "ERROR_HTTP_431" });
  });
});

describe("a search", () => {
  beforeEach(() => {
    org.records.seed("Contact", { LastName: "Carter", Phone: "(202) 555-0101", Email: "carol@example.com" });
    org.records.seed("Contact", { LastName: "Dixon", MobilePhone: "+1 202-555-0102", Fax: "2025550101" });
  });
  const find = async (query: string, group = "PHONE") => {
    const { searchRecords } = await connection.search(
      `FIND {${query}} IN ${group} FIELDS RETURNING Contact(LastName ORDER BY LastName)`,
    );
    return searchRecords.map(({ ["LastName"]: name }) => name);
  };

  test.each([
    ["a number by its digits", "2025550101", "PHONE", ["Carter", "Dixon"]],
    ["one number or another", '"2025550199" OR "12025550102"', "PHONE", ["Dixon"]],
    ["a beginning", "1202*", "PHONE", ["Dixon"]],
    ["an address", '"CAROL@example.com"', "EMAIL", ["Carter"]],
  ])("finds %s", async (_, query, group, expected) => {
    expect(await find(query, group)).toEqual(expected);
  });

  test.each([
    ["a sign that must be escaped", "+12025550101"],
    ["one character", "1"],
    ["nothing", ""],
    ["a brace that ends it early", "202} IN ALL FIELDS RETURNING Contact(Id)"],
  ])("is refused for %s", async (_, query) => {
    await expect(find(query)).rejects.toMatchObject({ errorCode: "MALFORMED_SEARCH" });
  });

  test("of more than 4,000 characters forgets its operators, of more than 10,000 finds nothing", async () => {
    const long = (length: number) => `2025550101 AND ${"9".repeat(length)}`;
    expect(await find(long(10))).toEqual([]);
    expect(await find(long(4_000))).toHaveLength(2);
    expect(await find(long(10_000))).toEqual([]);
  });
});

describe("a bulk job", () => {
  const upsert = { object: "Conversation__c", operation: "upsert", externalIdFieldName: "Uuid__c" } as const;
  const load = (input: string) =>
    connection.bulk2.loadAndWaitForResults({ ...upsert, input, pollInterval: 1, pollTimeout: 20_000 });

  test("saves many records, and tells what became of each", async () => {
    org.records.seed("Conversation__c", { Uuid__c: uuid(1), Short__c: "old", Seconds__c: 1 });
    const { successfulResults, failedResults } = await load(
      `Uuid__c,Short__c,Seconds__c,Recall__c\n${uuid(1)},new,,true\n${uuid(2)},"a ""b"",\nc",2.5,\n${uuid(3)},x,soon,\n`,
    );
    expect(org.records.all("Conversation__c")).toMatchObject([
      { Uuid__c: uuid(1), Short__c: "new", Seconds__c: 1, Recall__c: true },
      { Uuid__c: uuid(2), Short__c: 'a "b",\nc', Seconds__c: 2.5 },
    ]);
    expect(
      successfulResults.map((row) => [row.sf__Created, (row as Record<string, unknown>)["Uuid__c"]]).sort(),
    ).toEqual([
      ["false", uuid(1)],
      ["true", uuid(2)],
    ]);
    expect(failedResults).toMatchObject([
      {
        Uuid__c: uuid(3),
        sf__Error: expect.stringMatching(/^INVALID_TYPE_ON_FIELD_IN_RECORD:.*:Seconds__c --$/),
      },
    ]);
  });

  test("empties a field only for #N/A", async () => {
    for (const number of [1, 2])
      org.records.seed("Conversation__c", { Uuid__c: uuid(number), Short__c: "old" });
    await load(`Uuid__c,Short__c\n${uuid(1)},\n${uuid(2)},#N/A\n`);
    expect(org.records.all("Conversation__c")).toMatchObject([{ Short__c: "old" }, { Short__c: null }]);
  });

  test.each([
    ["a column that is no field", `Uuid__c,Secret__c\n${uuid(1)},x\n`, /Field name not found : Secret__c/],
    ["a line break of another kind", `Uuid__c,Text__c\n${uuid(1)},"a\r\nb"\n`, /LineEnding is invalid/],
  ])("fails for %s", async (_, csv, message) => {
    await expect(load(csv)).rejects.toThrow(message);
    expect(org.jobs.states).toEqual(["Failed"]);
  });

  test("that is aborted saves nothing", async () => {
    const job = connection.bulk2.createJob(upsert);
    await job.open();
    await job.uploadData(`Uuid__c\n${uuid(1)}\n`);
    await job.abort();
    await expect(job.poll(1, 20_000)).rejects.toThrow("aborted");
    expect(org.records.all("Conversation__c")).toEqual([]);
  });

  test.each<[string, object, string]>([
    ["without the key of an upsert", { ...upsert, externalIdFieldName: undefined }, "INVALIDJOB"],
    ["by a field that is no key", { ...upsert, externalIdFieldName: "Short__c" }, "NOT_FOUND"],
    ["with a word that it does not know", { ...upsert, colour: "red" }, "JSON_PARSER_ERROR"],
    ["for no object", { ...upsert, object: "Lead" }, "NOT_FOUND"],
  ])("is not made %s", async (_, options, errorCode) => {
    await expect(connection.bulk2.createJob(options as never).open()).rejects.toMatchObject({ errorCode });
  });
});

describe("the org", () => {
  test("tells how much of the day's requests is used, and refuses more", async () => {
    org.dailyRequests = 2;
    const before = await connection.limits();
    expect(before["DailyApiRequests"]).toEqual({ Max: 2, Remaining: 1 });
    await connection.limits();
    expect(connection.limitInfo).toEqual({ apiUsage: { used: 2, limit: 2 } });
    await expect(connection.limits()).rejects.toMatchObject({ errorCode: "REQUEST_LIMIT_EXCEEDED" });
  });

  test("has no other address, and no version that is too old", async () => {
    await expect(connection.request("/colours")).rejects.toMatchObject({ errorCode: "NOT_FOUND" });
    const { instanceUrl, accessToken } = connection;
    const old = new jsforce.Connection({ instanceUrl, accessToken: accessToken!, version: "30.0" });
    await expect(old.limits()).rejects.toMatchObject({ errorCode: "NOT_FOUND" });
  });

  test.each([
    [500, "UNKNOWN_EXCEPTION"],
    [503, "SERVER_UNAVAILABLE"],
    [403, "REQUEST_LIMIT_EXCEEDED"],
  ])("fails with status %i as a test wants it", async (status, errorCode) => {
    org.fail({ status });
    await expect(connection.create("Contact", { LastName: "x" })).rejects.toMatchObject({ errorCode });
    expect(org.records.all("Contact")).toEqual([]);
  });
});
