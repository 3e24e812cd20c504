/** One GET over one connection, within limits of time; what it leads to is for others to judge. */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { addAbortSignal } from "node:stream";
import { unavailable } from "./failures.ts";

export interface AskOptions {
  lookup: LookupFunction;
  /** PEM; Node's own authorities unless given. */
  ca: string | undefined;
  /** Seconds until a connection stands. */
  connect: number;
  /** Seconds from then on until the answer begins. */
  answer: number;
  /** Ends the connection at any time, also while the body comes. */
  stop: AbortSignal;
}

/**
 * The answer, whose body is still to come.
 * @throws what Node throws, the reason of `stop`, or a VconError where one of the limits is reached
 */
export async function ask(url: URL, { lookup, ca, connect, answer, stop }: AskOptions) {
  stop.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const giveUpAfter = (seconds: number, says: string) =>
    setTimeout(() => reject(unavailable(says, { transient: true })), seconds * 1000);
  const onStop = () => reject(stop.reason);
  stop.addEventListener("abort", onStop);

  const isSecure = url.protocol === "https:";
  const request = (isSecure ? requestHttps : requestHttp)(url, {
    // One of our own: Node's may go through a proxy, and then no address is checked.
    agent: new (isSecure ? HttpsAgent : HttpAgent)({ autoSelectFamily: true }),
    lookup,
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : { ca }),
    headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "vcon" },
  });
  let timer = giveUpAfter(connect, `${url.hostname} took no connection within ${connect} s.`);
  request.once("socket", (socket) =>
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      timer = giveUpAfter(answer, `${url.hostname} began no answer within ${answer} s.`);
    }),
  );
  request.once("response", (response) => {
    // An error that nobody hears ends the process, and nobody may read the body yet.
    response.on("error", () => {});
    resolve(addAbortSignal(stop, response));
  });
  request.on("error", reject);
  request.once("close", () => reject(unavailable(`${url.hostname} gave no answer.`, { transient: true })));
  request.end();

  try {
    return await promise;
  } catch (error) {
    request.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
  }
}
