/** A TCP proxy on loopback that can hold what goes to the server back, for tests of what comes in between. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface HoldingProxy {
  port: number;
  /** Holds everything from the next piece on in which `text` stands; resolves once it has come. */
  hold(text: string): Promise<void>;
  /** Lets through what it held, and all that comes. */
  open(): void;
  close(): void;
}

export async function startHoldingProxy(host: string, port: number): Promise<HoldingProxy> {
  let until: { text: string; came: () => void } | undefined;
  let held: (() => void)[] | undefined;
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    const upstream = connect(port, host);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => other.destroy());
    }
    upstream.pipe(client);
    client.on("data", (piece) => {
      if (until && piece.includes(until.text)) {
        held = [];
        until.came();
        until = undefined;
      }
      const pass = () => upstream.write(piece);
      if (held) held.push(pass);
      else pass();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    port: (server.address() as AddressInfo).port,
    hold: (text) =>
      new Promise((came) => {
        until = { text, came };
      }),
    open: () => {
      const passes = held ?? [];
      held = undefined;
      for (const pass of passes) pass();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
