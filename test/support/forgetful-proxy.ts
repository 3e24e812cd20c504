/** A TCP proxy on loopback that loses one answer: what is asked is done, and the connection breaks before it is told. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface ForgetfulProxy {
  port: number;
  /** How many answers were lost. */
  lost(): number;
  close(): void;
}

/** @param text what is asked when the answer is to be lost, the first time */
export async function startForgetfulProxy(target: number, text: string): Promise<ForgetfulProxy> {
  let lost = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => other.destroy());
    }
    let isLosing = false;
    client.on("data", (piece) => {
      isLosing ||= lost === 0 && piece.includes(text);
      upstream.write(piece);
    });
    upstream.on("data", (piece) => {
      if (!isLosing) return client.write(piece);
      lost++;
      client.destroy();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    lost: () => lost,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
