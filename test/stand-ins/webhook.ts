/**
 * What listens behind a webhook: checks every POST as a careful receiver does, keeps what it takes under its key, and
 * answers as Zapier, Make and n8n do.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { formOf, outerUuid } from "../../core/index.ts";
import {
  type Answer,
  type Received,
  type StandIn,
  startStandIn,
  type Vendor,
} from "../../flows/stand-ins/stand-in.ts";

export type ServiceName = "any" | "zapier" | "make" | "n8n";

export interface ReceiverOptions {
  service?: ServiceName;
  /** What signs the bodies; without one, nothing may be signed. */
  secret?: string;
  /** A header that every request must have. */
  header?: [name: string, value: string];
  /** Columns that a body must have; Make checks data like that. */
  needs?: string[];
  port?: number;
}

export interface Delivery {
  key: string;
  body: Record<string, unknown>;
  bytes: Buffer;
}

export interface Receiver extends StandIn {
  /** Where to post. */
  hook: string;
  /** What was taken, in its order, erasures too. */
  deliveries: Delivery[];
  /** What it has of the vCon. */
  copies(uuid: string): Record<string, unknown>[];
}

const PATH = "/hook/token-of-the-path";
const MB = 1024 * 1024;
const LARGEST: Record<ServiceName, number> = { any: 100 * MB, zapier: 10 * MB, make: 5 * MB, n8n: 16 * MB };

/** https://help.make.com/webhooks; n8n's packages/cli/src/webhooks and errors/response-errors. */
const TAKEN: Record<ServiceName, () => Answer> = {
  any: () => ({ status: 204, body: "" }),
  zapier: () => ({
    status: 200,
    body: { attempt: "01928374", id: "01928374", request_id: "01928374", status: "success" },
  }),
  make: () => ({ status: 200, body: "Accepted" }),
  n8n: () => ({ status: 200, body: { message: "Workflow was started" } }),
};

const FAILURES: Record<ServiceName, (status: number) => Answer> = {
  any: (status) => ({ status, body: { detail: "no" } }),
  zapier: (status) => ({ status, body: { status: "error" } }),
  make: (status) => ({ status, body: status === 400 ? "Queue is full" : "no" }),
  n8n: (status) => ({
    status,
    body: {
      code: status,
      message: `The requested webhook "POST hook" is not registered.`,
      hint: "Activate it.",
    },
  }),
};

export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const { service = "any", secret, header, needs = [], port } = options;
  const deliveries: Delivery[] = [];
  const failure = FAILURES[service];
  const refuse = (status: number, why: string): Answer => ({ status, body: { detail: why } });

  function answer(request: Received): Answer {
    const { method, path, headers, body: bytes } = request;
    if (path !== PATH) return failure(404);
    if (method !== "POST") return refuse(405, "POST only");
    if (header && headers[header[0]] !== header[1]) return refuse(403, "wrong header");
    if (headers["content-type"] !== "application/json") return refuse(415, "not JSON");
    if (headers["transfer-encoding"] !== undefined || Number(headers["content-length"]) !== bytes.length) {
      return refuse(411, "no length");
    }
    if (!isSigned(bytes, headers["x-hub-signature-256"], secret)) return refuse(401, "wrong signature");
    const body = parsed(bytes);
    const uuid = uuidOf(body);
    if (body === undefined || uuid === undefined) return refuse(422, "no object with a UUID");
    const event = body["event"];
    const key = headers["idempotency-key"];
    if (key !== (event === undefined ? uuid : `${uuid}:deleted`)) return refuse(422, "wrong key");
    if (event === undefined && needs.some((column) => !(column in body))) {
      return { status: 400, body: "Bundle validation failed." };
    }
    deliveries.push({ key: String(key), body, bytes });
    return TAKEN[service]();
  }

  const vendor: Vendor = { largestBody: LARGEST[service], answer, failure };
  const standIn = await startStandIn(vendor, { ...(port !== undefined && { port }) });
  return {
    ...standIn,
    hook: `${standIn.url}${PATH}`,
    deliveries,
    copies(uuid) {
      const copies = new Map<string, Record<string, unknown>>();
      for (const { body } of deliveries.filter((delivery) => delivery.body["uuid"] === uuid)) {
        if (body["event"] === "vcon_deleted") copies.clear();
        // What comes under a key that it has is kept beside it, so that a test sees the second copy.
        else copies.set(`${uuid} ${copies.size}`, body);
      }
      return [...copies.values()];
    },
  };
}

function isSigned(bytes: Buffer, signature: unknown, secret: string | undefined): boolean {
  if (secret === undefined) return signature === undefined;
  const right = Buffer.from(`sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`);
  const given = Buffer.from(String(signature));
  return given.length === right.length && timingSafeEqual(given, right);
}

/** A signed or encrypted vCon tells its UUID in a header. */
function uuidOf(body: Record<string, unknown> | undefined): string | undefined {
  if (typeof body?.["uuid"] === "string") return body["uuid"];
  return body && formOf(body) !== "unsigned" ? outerUuid(body as never) : undefined;
}

function parsed(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
