/**
 * The flow that every Node-RED of a soak has: conversations come in by http and go into a queue; out of it they come,
 * get a tag, and go on by two branches, to a row in PostgreSQL and to a webhook. A poisoned one fails at a Function node.
 */
import type { FlowNode } from "../support/node-red.ts";

export const QUEUE = "conversations";
export const TABLE = "conversations";
export const TAG = { name: "stage", value: "soaked" };
export const POISON = "poison";
export const POISON_REASON = "This conversation can't be done.";

export interface FlowOptions {
  storeUrl: string;
  /** With its password. */
  databaseUrl: string;
  webhookUrl: string;
  attempts: number;
  /** Milliseconds, at most, that each vCon waits in the flow. */
  linger: number;
}

export function soakFlow({ storeUrl, databaseUrl, webhookUrl, attempts, linger }: FlowOptions): FlowNode[] {
  const store = "store";
  return [
    { id: store, type: "vcon-store", url: storeUrl, country: "US" },
    { id: "server", type: "vcon-postgresql-server", url: databaseUrl },

    { id: "post", type: "http in", url: "/conversations", method: "post", wires: [["create"]] },
    {
      id: "create",
      type: "vcon-create",
      store,
      conversation: "payload.name",
      conversationType: "msg",
      content: "text",
      body: "payload.text",
      bodyType: "msg",
      source: "Soak",
      wires: [["add"]],
    },
    { id: "add", type: "vcon-queue-out", store, queue: QUEUE, wires: [["confirm"]] },
    { id: "confirm", type: "http response" },
    { id: "not added", type: "catch", scope: ["create", "add"], wires: [["refuse"]] },
    { id: "refuse", type: "http response", statusCode: "503" },

    {
      id: "take",
      type: "vcon-queue-in",
      store,
      queue: QUEUE,
      atOnce: 20,
      attempts,
      pause: 1,
      timeLimit: 120,
      wires: [["first"]],
    },
    {
      id: "first",
      type: "vcon-tag",
      store,
      tags: [{ name: TAG.name, nameType: "str", value: TAG.value, valueType: "str" }],
      wires: [["linger"]],
    },
    {
      id: "linger",
      type: "delay",
      pauseType: "random",
      randomFirst: "0",
      randomLast: String(linger),
      randomUnits: "milliseconds",
      wires: [["find"]],
    },
    {
      id: "find",
      type: "vcon-find-text",
      store,
      words: [POISON],
      where: "messages",
      wires: [["fail"], ["draw", "tell"]],
    },
    { id: "fail", type: "function", func: `throw new Error("${POISON_REASON}");`, outputs: 1, libs: [] },
    {
      id: "draw",
      type: "vcon-projection",
      store,
      projection: "conversation",
      columns: [{ column: "created_at", value: "", valueType: "created_at" }],
      wires: [["last"]],
    },
    {
      id: "last",
      type: "vcon-postgresql",
      store,
      server: "server",
      table: TABLE,
      projection: "conversation",
      key: "uuid",
      create: true,
      timeLimit: 30,
    },
    { id: "tell", type: "vcon-webhook", store, url: webhookUrl, send: "uuid", timeLimit: 30 },
  ];
}
