/** The system outside that the flow's webhook tells of each vCon. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export interface WebhookListener {
  url: string;
  /** By UUID, the idempotency keys of all requests, in their order. */
  keys: Map<string, string[]>;
  close(): Promise<void>;
}

export async function startListener(): Promise<WebhookListener> {
  const keys = new Map<string, string[]>();
  const server = createServer(async (request, response) => {
    // A request that breaks off was not one.
    const { uuid } = (await json(request).catch(() => ({}))) as { uuid?: string };
    if (uuid) keys.set(uuid, [...(keys.get(uuid) ?? []), String(request.headers["idempotency-key"])]);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    keys,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
