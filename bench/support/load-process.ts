/** Run as a process of its own: sends the requests of a load over plain sockets, which costs least. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { AUDIO, EACH, type Load, type LoadResult } from "./load.ts";

const HEADER_END = "\r\n\r\n";

process.once("message", async (load: Load) => {
  process.send!(await sendAll(load), () => process.disconnect());
});

async function sendAll(load: Load): Promise<LoadResult> {
  const { values, connections, status } = load;
  const clients = await Promise.all(Array.from({ length: connections }, () => Client.connect(load.url)));
  const requestFor = requests(load);
  const latencies: number[] = [];
  let next = 0;
  const sendWith = async (client: Client): Promise<void> => {
    while (next < values.length) {
      const request = requestFor(values[next++]!);
      const sent = performance.now();
      const answered = await client.ask(request);
      latencies.push(performance.now() - sent);
      if (answered !== status) throw new Error(`${load.method} ${load.path} was answered with ${answered}.`);
    }
    client.close();
  };
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  await Promise.all(clients.map(sendWith));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: values.length / seconds, latencies, cpu: (user + system) / 1e6 / seconds };
}

/** The pieces of the request for a value. What stands around it, which may be long, is encoded once. */
function requests(load: Load): (value: string) => Buffer[] {
  const { url, method, path, headers = {}, values } = load;
  const body = bodyOf(load);
  const length = Buffer.byteLength(body.replaceAll(EACH, values[0] ?? ""));
  const fields = { host: new URL(url).host, "content-length": String(length), ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
  const pieces = request.split(EACH).map((piece) => Buffer.from(piece));
  return (value) => pieces.flatMap((piece, index) => (index === 0 ? piece : [Buffer.from(value), piece]));
}

function bodyOf({ body = "", audioBytes = 0 }: Load): string {
  return body.replace(AUDIO, Buffer.alloc(audioBytes, "audio").toString("base64url"));
}

/** A connection over which one request after the other is sent. */
class Client {
  readonly #socket: Socket;
  #answered = (_status: number): void => {};
  #failed = (_error: Error): void => {};
  #header = "";
  /** Of the answer's body; undefined until the header has told it. */
  #bytesLeft: number | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("close", () => this.#failed(new Error("The server has closed the connection.")));
  }

  static async connect(url: string): Promise<Client> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).setNoDelay();
    await once(socket, "connect");
    return new Client(socket);
  }

  /** @returns the status of the answer, once all of it has come */
  ask(request: readonly Buffer[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#header = "";
      this.#bytesLeft = undefined;
      this.#socket.cork();
      for (const piece of request) this.#socket.write(piece);
      this.#socket.uncork();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    if (this.#bytesLeft === undefined) this.#readHeader(bytes);
    else this.#bytesLeft -= bytes.length;
    if (this.#bytesLeft === 0) this.#answered(Number(this.#header.slice(9, 12)));
  }

  #readHeader(bytes: Buffer): void {
    this.#header += bytes.toString("latin1");
    const end = this.#header.indexOf(HEADER_END);
    if (end < 0) return;
    const bodyBytes = this.#header.length - end - HEADER_END.length;
    this.#header = this.#header.slice(0, end);
    this.#bytesLeft = lengthIn(this.#header) - bodyBytes;
  }
}

function lengthIn(header: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(header)?.[1];
  if (length === undefined && !header.startsWith("HTTP/1.1 204"))
    throw new Error("The answer does not tell its length.");
  return Number(length ?? 0);
}
