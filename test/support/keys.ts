/** A node that works with "vCon keys", and what people paste into these. */
import type { KeyObject } from "node:crypto";
import { expect } from "vitest";
import type { Identity } from "./certificate.ts";
import { type Arrival, ends, type FlowNode, type Message, type TestNodeRed } from "./node-red.ts";
import { authority, root, rsa } from "./signers.ts";
import { storeNode } from "./vcons.ts";

export type KeyTexts = Partial<
  Record<"privateKey" | "certificates" | "certificatesUrl" | "trusted" | "recipients", string>
>;

export function keyPem(key: KeyObject): string {
  return String(key.export({ type: "pkcs8", format: "pem" }));
}

/** The certificates of these, one below the other. */
export function certificatePem(...identities: Identity[]): string {
  return identities.map(({ certificate }) => certificate.toString()).join("");
}

/** What this one signs with, below the authority whose root is trusted. */
export function signing(identity: Identity): KeyTexts {
  return {
    privateKey: keyPem(identity.key),
    certificates: certificatePem(identity, authority),
    trusted: certificatePem(root),
    recipients: certificatePem(identity),
  };
}

/** Everything that each node needs. */
export const ours = signing(rsa);

/** The config node, with its credential as the editor sends it. */
export function keysNode({ privateKey = "", ...texts }: KeyTexts): FlowNode {
  return { id: "keys", type: "vcon-keys", ...texts, credentials: { privateKey } };
}

/** A node of this type, alone in its flow. */
export function nodeWithKeys(nodeRed: TestNodeRed, type: string) {
  const through = (payload: string, message: Message) => nodeRed.through("node", { ...message, payload });
  return {
    deploy: (settings: object = {}, texts: KeyTexts = ours) => {
      const node = { id: "node", type, store: "store", keys: "keys", ...settings, wires: [["out"]] };
      return nodeRed.deploy([storeNode, keysNode(texts), node, ...ends]);
    },

    /** The message that goes on. */
    async passed(payload: string, message: Message = {}): Promise<Message> {
      const { at, message: sent } = await through(payload, message);
      expect(at, sent.error?.message ?? "").toBe("out");
      return sent;
    },

    /** The error that a Catch node gets. */
    async refused(payload: string, message: Message = {}): Promise<NonNullable<Arrival["message"]["error"]>> {
      const { at, message: sent } = await through(payload, message);
      expect(at).toBe("failure");
      return sent.error!;
    },
  };
}
