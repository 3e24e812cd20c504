/** Servers on this machine that media is fetched from, and what comes of it. */
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { fetchMedia, type MediaOptions, VconError } from "../../../../core/index.ts";

/** Its own authority; made out to localhost. */
export const selfSigned = readFileSync(join(import.meta.dirname, "../../../support/self-signed.pem"), "utf8");

/** Options under which a server on this machine may be asked. */
export const own = { allowHttp: true, allowPrivate: true };

/** A path and a query that no error may hold. */
export const secret = "/secret/1.mp3?signature=secret";

/** What stands before a path: "http://127.0.0.1:40000". */
export async function serveHttp(listener: RequestListener, host = "127.0.0.1"): Promise<string> {
  return `http://${await listening(createServer(listener), host)}`;
}

export async function serveHttps(listener: RequestListener): Promise<string> {
  const address = await listening(createTlsServer({ key: selfSigned, cert: selfSigned }, listener));
  return `https://${address.replace("127.0.0.1", "localhost")}`;
}

/** A server that speaks what HTTP is not always. */
export async function serveTcp(listener: (socket: Socket) => void): Promise<string> {
  return listening(createTcpServer(listener));
}

async function listening(server: Server, host = "127.0.0.1"): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    // What is cut off while it is answered is no fault of the server's.
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

export async function fetched(url: string, options?: MediaOptions): Promise<Buffer> {
  return buffer((await fetchMedia(url, options)).stream);
}

/** The error that fetching the whole ends with, which tells nothing of the URL but its host. */
export async function failure(url: string, options?: MediaOptions): Promise<VconError> {
  const error = await fetched(url, options).then(
    (bytes) => new Error(`${bytes.length} bytes were fetched`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof VconError)) throw error;
  if (/secret/.test(`${error.message} ${error.stack} ${error.cause}`)) throw new Error("a secret is told");
  return error;
}
