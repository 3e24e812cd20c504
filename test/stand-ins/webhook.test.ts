/** The receiver takes what is right, and nothing else. */
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Receiver, startReceiver } from "./webhook.ts";

const secret = "the shared secret";
const uuid = "01928374-0000-8000-8000-000000000001";

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver({ secret });
});
afterAll(() => receiver.close());

interface Request {
  path?: string;
  method?: string;
  body?: string;
  headers?: Record<string, string>;
  isChunked?: boolean;
}

async function statusOf({ path = receiver.hook, method = "POST", body, headers, isChunked }: Request) {
  const text = body ?? JSON.stringify({ uuid });
  const signature = createHmac("sha256", secret).update(text).digest("hex");
  const answer = await fetch(path, {
    method,
    headers: {
      "content-type": "application/json",
      "idempotency-key": uuid,
      "x-hub-signature-256": `sha256=${signature}`,
      ...headers,
    },
    ...(method !== "GET" && { body: isChunked ? new Blob([text]).stream() : text, duplex: "half" }),
  } as RequestInit);
  return answer.status;
}

test("a signed body under its key is taken, and so is an erasure", async () => {
  expect(await statusOf({})).toBe(204);
  expect(receiver.copies(uuid)).toEqual([{ uuid }]);
  const body = JSON.stringify({ uuid, event: "vcon_deleted" });
  expect(await statusOf({ body, headers: { "idempotency-key": `${uuid}:deleted` } })).toBe(204);
  expect(receiver.copies(uuid)).toEqual([]);
});

test.each<[string, Request, number]>([
  ["at another path", { path: "/" }, 404],
  ["by another method", { method: "GET" }, 405],
  ["as text", { headers: { "content-type": "text/plain" } }, 415],
  ["without a length", { isChunked: true }, 411],
  ["without a signature", { headers: { "x-hub-signature-256": "" } }, 401],
  ["signed by another", { headers: { "x-hub-signature-256": `sha256=${"0".repeat(64)}` } }, 401],
  ["that is no JSON", { body: "{" }, 422],
  ["that is a list", { body: "[]" }, 422],
  ["under another key", { headers: { "idempotency-key": "1" } }, 422],
  ["that erases, under the key of the vCon", { body: JSON.stringify({ uuid, event: "vcon_deleted" }) }, 422],
])("a body %s is refused", async (_, request, status) => {
  const path = request.path === undefined ? receiver.hook : `${receiver.url}${request.path}`;
  expect(await statusOf({ ...request, path })).toBe(status);
});
