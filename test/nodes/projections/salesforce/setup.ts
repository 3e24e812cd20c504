/** A Salesforce org for each test, and a flow that writes into it. */
import { generateKeyPairSync } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { Row, VconStore } from "../../../../core/index.ts";
import {
  type Client,
  type SalesforceStandIn,
  startSalesforceStandIn,
} from "../../../stand-ins/salesforce.ts";
import { PROJECTION } from "../../../support/destination.ts";
import { ends, type FlowNode, startNodeRed, type TestNodeRed } from "../../../support/node-red.ts";
import { storeNode, storeOf } from "../../../support/vcons.ts";

export const keys = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
export const client: Client = {
  id: "3MVG9.the.client",
  secret: "the secret of the app",
  publicKey: keys.publicKey,
  users: ["flows@example.com"],
};

/** How the fields of Conversation__c are filled. */
export const mapping = [
  { field: "Text__c", column: "text" },
  { field: "Short__c", column: "short" },
  { field: "Seconds__c", column: "seconds" },
  { field: "Recall__c", column: "recall" },
  { field: "Day__c", column: "day" },
  { field: "Began_At__c", column: "began_at" },
  { field: "Mail__c", column: "mail" },
  { field: "Mood__c", column: "mood" },
];

export class Setup {
  nodeRed!: TestNodeRed;
  store!: VconStore;
  org!: SalesforceStandIn;

  constructor() {
    beforeAll(async () => {
      this.nodeRed = await startNodeRed();
      this.store = await storeOf(this.nodeRed);
    });
    afterAll(async () => {
      await this.store.close();
      await this.nodeRed.stop();
    });
    beforeEach(async () => {
      this.org = await startSalesforceStandIn({ client });
    });
    afterEach(() => this.org.close());
  }

  /** Deploys the node, writing into Conversation__c by Uuid__c unless the settings say otherwise. */
  async deploy(
    settings: object = {},
    orgSettings: object = {},
    credentials: object = { clientSecret: client.secret },
  ): Promise<void> {
    const node: FlowNode = {
      id: "node",
      type: "vcon-salesforce",
      store: "store",
      org: "org",
      what: "record",
      projection: PROJECTION,
      object: "Conversation__c",
      externalId: "Uuid__c",
      fields: mapping,
      wires: [["out"]],
      ...settings,
    };
    const org: FlowNode = {
      id: "org",
      type: "vcon-salesforce-org",
      url: this.org.url,
      flow: "client",
      clientId: client.id,
      ...orgSettings,
    };
    await this.nodeRed.deploy([storeNode, org, node, ...ends], { org: credentials });
  }

  /** Sends the vCon through, which must work. */
  async sent(payload: string): Promise<string> {
    const { at, message } = await this.nodeRed.through("node", { payload });
    expect(at, message.error?.message ?? "").toBe("out");
    return payload;
  }

  /** The error that comes of the vCon. */
  async refused(payload: string): Promise<{ message: string; code?: string }> {
    const { at, message } = await this.nodeRed.through("node", { payload });
    expect(at).toBe("failure");
    expect(message.error!.message).toContain(payload);
    return message.error!;
  }

  saved(object = "Conversation__c"): Row[] {
    return this.org.records.all(object);
  }

  /** The requests since, as "METHOD path", without the version and the token. */
  requests(): string[] {
    return this.org.requests
      .filter(({ path }) => !path.startsWith("/services/oauth2"))
      .map(({ method, path }) => `${method} ${path.replace(/^\/services\/data\/v[\d.]+/, "")}`);
  }

  /** The handle that the trail holds last. */
  async handle(uuid: string) {
    return (await this.store.trail(uuid)).findLast(({ event }) => event === "vcon_sent")?.handle;
  }
}
