/** Stands before a stand-in: counts the requests under way and holds them back for as long as a test wants. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Gate {
  url: string;
  /** How many requests were under way at the same time, at most. */
  most: number;
  /** From now on requests wait here. */
  hold(): void;
  /** Lets those that wait go on, and all others. */
  open(): void;
  /** Answers once so many requests wait. */
  waiting(count: number): Promise<void>;
  close(): Promise<void>;
}

export async function startGate(target: string): Promise<Gate> {
  let held: (() => void)[] | undefined;
  let underWay = 0;
  let check = () => {};

  const server = createServer(async (request, response) => {
    gate.most = Math.max(gate.most, ++underWay);
    try {
      const body = await bodyOf(request);
      if (held) {
        const { promise, resolve } = Promise.withResolvers<void>();
        held.push(resolve);
        check();
        await promise;
      }
      const { authorization = "", "content-type": type = "" } = request.headers;
      const answer = await fetch(target + request.url, {
        method: request.method ?? "POST",
        headers: { authorization, "content-type": type },
        ...(body.length > 0 && { body }),
      });
      response
        .writeHead(answer.status, { "content-type": "application/json" })
        .end(Buffer.from(await answer.arrayBuffer()));
    } catch {
      response.destroy();
    } finally {
      underWay--;
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  const gate: Gate = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    most: 0,
    hold: () => {
      held = [];
    },
    open: () => {
      const waiting = held ?? [];
      held = undefined;
      for (const go of waiting) go();
    },
    waiting: (count) =>
      new Promise((resolve) => {
        check = () => (held?.length ?? 0) >= count && resolve();
        check();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return gate;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}
