/** Stands between a store and its Redis and counts the bytes that pass. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CountingProxy {
  /** The server's URL, by way of the proxy. */
  url: string;
  toServer: number;
  fromServer: number;
  close(): Promise<void>;
}

export async function startCountingProxy(serverUrl: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(serverUrl);
  const sockets = new Set<Socket>();
  const proxy: CountingProxy = { url: "", toServer: 0, fromServer: 0, close };
  const listener = createServer((client) => {
    const server = connect(Number(port), hostname);
    client.on("data", (bytes) => {
      proxy.toServer += bytes.length;
    });
    server.on("data", (bytes) => {
      proxy.fromServer += bytes.length;
    });
    client.pipe(server).pipe(client);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  proxy.url = url.href;
  return proxy;

  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  }
}
