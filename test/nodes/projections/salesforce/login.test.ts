import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { decodeJwt } from "jose";
import { OAuth2 } from "jsforce/lib/oauth2.js";
import { describe, expect, it } from "vitest";
import { askForToken } from "../../../../nodes/config/salesforce-org/token.ts";
import { withRow } from "../../../support/destination.ts";
import { client, keys, Setup } from "./setup.ts";

const it_ = new Setup();
const row = () => withRow(it_.store, { text: "secret words" });
const jwt = { flow: "jwt", user: "flows@example.com" };

describe("the login", () => {
  it("is by the app's secret, once for all that follows", async () => {
    await it_.deploy();
    for (const uuid of await Promise.all([row(), row(), row()])) await it_.sent(uuid);
    expect(it_.saved()).toHaveLength(3);
    expect(it_.org.sessions.given).toBe(1);
  });

  it.each<[string, string | Buffer]>([
    ["as the file has it", keys.privateKey],
    ["without its line breaks, as a field of one line leaves it", keys.privateKey.replaceAll("\n", "")],
    ["with line breaks as an environment variable has them", keys.privateKey.replaceAll("\n", "\\n")],
    ["in the older form", createPrivateKey(keys.privateKey).export({ type: "pkcs1", format: "pem" })],
  ])("is by an assertion that the private key signs: %s", async (_, privateKey) => {
    await it_.deploy({}, jwt, { privateKey: String(privateKey) });
    await it_.sent(await row());
    expect(it_.saved()).toHaveLength(1);
  });

  it("is renewed where the session has expired, once for all who find it out", async () => {
    await it_.deploy();
    await it_.sent(await row());
    it_.org.sessions.endAll();
    const uuids = await Promise.all(Array.from({ length: 5 }, row));
    await Promise.all(uuids.map((uuid) => it_.sent(uuid)));
    expect(it_.saved()).toHaveLength(6);
    expect(it_.org.sessions.given).toBe(2);
  });

  it("is not tried for ever where the org refuses each new session", async () => {
    await it_.deploy();
    it_.org.sessions.refusesAll = true;
    const error = await it_.refused(await row());
    expect(error).toMatchObject({ code: "INVALID_SESSION_ID", message: expect.stringContaining("scope") });
    expect(it_.org.sessions.given).toBe(2);
  });

  it.each<[string, object, object, string, RegExp]>([
    ["a wrong secret", {}, { clientSecret: "of another app" }, "invalid_client", /secret is wrong/],
    [
      "an unknown client",
      { clientId: "x" },
      { clientSecret: client.secret },
      "invalid_client_id",
      /client id/,
    ],
    [
      "a user who may not",
      { ...jwt, user: "x@example.com" },
      { privateKey: keys.privateKey },
      "invalid_grant",
      /Permit it/,
    ],
    ["another key", jwt, { privateKey: otherKey() }, "invalid_grant", /certificate/],
    ["no key", jwt, { privateKey: "no key at all" }, "NOT_CONFIGURED", /private key can't be read/],
    ["a key of another kind", jwt, { privateKey: ellipticKey() }, "NOT_CONFIGURED", /RSA/],
  ])(
    "fails with %s, and says what to do without quoting a secret",
    async (_, org, credentials, code, words) => {
      await it_.deploy({}, org, credentials);
      const uuid = await row();
      const error = await it_.refused(uuid);
      expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
      const told = JSON.stringify([error, it_.nodeRed.log, await it_.store.trail(uuid)]);
      for (const secret of ["secret words", ...Object.values(credentials)])
        expect(told).not.toContain(secret);
    },
  );

  it.each(["example.my.salesforce.com", "ftp://example.com", "://"])(
    "needs an address that can be used: not %s",
    async (url) => {
      await it_.deploy({}, { url });
      expect(await it_.refused(await row())).toMatchObject({ code: "NOT_CONFIGURED" });
    },
  );

  it("does not get far at a server that is none of Salesforce's", async () => {
    it_.org.fail("malformed", "malformed", "malformed", "malformed", "malformed");
    await it_.deploy();
    const error = await it_.refused(await row());
    expect(error).toMatchObject({ code: "ANSWER_UNREADABLE", message: expect.stringContaining("no token") });
  });
});

it.each([
  ["https://example.my.salesforce.com", "https://login.salesforce.com"],
  ["https://login.salesforce.com", "https://login.salesforce.com"],
  ["https://example--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"],
  ["https://test.salesforce.com", "https://test.salesforce.com"],
  ["https://test-app.scratch.my.salesforce.com", "https://test.salesforce.com"],
  ["https://test-company.my.salesforce.com", "https://login.salesforce.com"],
  ["https://site.example.com/", "https://site.example.com"],
])("signs for Salesforce's own login server: at %s for %s", async (url, audience) => {
  const asked: { url: string; assertion: string }[] = [];
  class Recorder extends OAuth2 {
    override async requestToken(parameters: string | Record<string, string>) {
      asked.push({
        url: this.tokenServiceUrl,
        assertion: (parameters as Record<string, string>)["assertion"]!,
      });
      return { access_token: "x", instance_url: url } as never;
    }
  }
  const grant = {
    clientId: client.id,
    user: client.users[0]!,
    privateKey: createPrivateKey(keys.privateKey),
  };
  await askForToken(Recorder, new URL(url), grant);
  expect(asked[0]!.url).toBe(`${new URL(url).origin}/services/oauth2/token`);
  expect(decodeJwt(asked[0]!.assertion)).toMatchObject({
    aud: audience,
    iss: client.id,
    sub: client.users[0],
  });
});

it("waits ten seconds for a login that gives no answer, and asks again", async () => {
  it_.org.fail("truncated");
  await it_.deploy();
  await it_.sent(await row());
  expect(it_.org.sessions.given).toBe(2);
});

describe("an error of Salesforce", () => {
  /** What a request to save gets, how often it is tried then, and what comes of it. */
  it.each<[string, Parameters<typeof it_.org.fail>, string | undefined, RegExp]>([
    ["a fault that passes", [{ status: 503 }, { status: 500 }], undefined, /^$/],
    ["a connection that breaks", ["reset", "reset"], undefined, /^$/],
    ["an answer that can't be read", ["malformed"], undefined, /^$/],
    ["a request that it can't read", [{ status: 400 }], "BAD_VALUE", /does not fit/],
    ["something that is not there", [{ status: 404 }], "NOT_FOUND", /does not exist/],
    ["a request that is too large", [{ status: 413 }], "EXCEEDED_MAX_SIZE_REQUEST", /answered EXCEEDED/],
  ])("is taken as what it is: %s", async (_, faults, code, words) => {
    await it_.deploy();
    // The login and the object's fields are known by then.
    await it_.sent(await row());
    it_.org.fail(...faults);
    const before = it_.requests().length;
    const uuid = await row();
    if (code === undefined) {
      await it_.sent(uuid);
      expect(it_.saved()).toHaveLength(2);
      expect(it_.requests().length - before).toBe(faults.length + 1);
    } else {
      const error = await it_.refused(uuid);
      expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
      expect(it_.requests().length - before).toBe(1);
      expect(JSON.stringify([error, it_.nodeRed.log])).not.toContain("secret words");
    }
  });

  it.each([
    ["when records are saved", {}],
    ["when people are looked up", { what: "task", fields: [{ field: "Description", column: "text" }] }],
  ])("that goes on is given up after five tries: %s", async (_, settings) => {
    await it_.deploy({ ...settings, status: "Completed", anyway: true });
    await it_.sent(await row());
    it_.org.fail(...Array.from({ length: 9 }, () => ({ status: 503 })));
    const before = it_.requests().length;
    expect(await it_.refused(await row())).toMatchObject({ code: "SERVER_UNAVAILABLE" });
    expect(it_.requests().length - before).toBe(5);
  });

  it.each(["silence", "truncated"] as const)("is no answer within the time limit: %s", async (fault) => {
    await it_.deploy({ timeLimit: 1 });
    await it_.sent(await row());
    it_.org.fail(fault);
    const uuid = await row();
    expect(await it_.refused(uuid)).toMatchObject({ code: "TIME_LIMIT" });
    expect((await it_.store.trail(uuid)).at(-1)).toMatchObject({
      failed: true,
      handle: { object: "Conversation__c", field: "Uuid__c", value: uuid },
    });
    await it_.sent(uuid);
    expect(it_.saved()).toHaveLength(2);
  });

  it("that the day's requests are used up is said at once, and nobody asks for a while", async () => {
    await it_.deploy();
    await it_.sent(await row());
    it_.org.dailyRequests = it_.requests().length;
    const error = await it_.refused(await row());
    expect(error).toMatchObject({
      code: "REQUEST_LIMIT_EXCEEDED",
      message: expect.stringContaining("24 hours"),
    });
    const before = it_.requests().length;
    expect(await it_.refused(await row())).toMatchObject({ code: "REQUEST_LIMIT_EXCEEDED" });
    expect(it_.requests().length).toBe(before);
  });

  it("that too many came at once passes", async () => {
    await it_.deploy();
    let times = 0;
    it_.org.rule = () =>
      times++ < 2 ? { statusCode: "REQUEST_LIMIT_EXCEEDED", message: "Concurrent", fields: [] } : undefined;
    await it_.sent(await row());
    expect(times).toBe(3);
  });
});

function otherKey(): string {
  return generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
}

function ellipticKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
}
