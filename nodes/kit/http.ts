/**
 * Lets config nodes answer requests on Node-RED's own HTTP server. Routes there outlive a redeploy, so one handler is
 * mounted once and asks those who offer something now.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { NodeAPI } from "node-red";
import { StepError } from "./errors.ts";

export interface Offer {
  /** Whether it answers requests for this path, which begins with a slash and has no query. */
  claims(path: string): boolean;
  /** Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

type HttpNode = NodeAPI["httpNode"];

const offersOn = new WeakMap<HttpNode, Set<Offer>>();

/** @returns what to call when it is not offered any more. @throws StepError where Node-RED serves no HTTP for nodes */
export function offer(RED: NodeAPI, offered: Offer): () => void {
  const { httpNodeRoot } = RED.settings as { httpNodeRoot?: string | false };
  if (httpNodeRoot === false) {
    throw new StepError(
      "Node-RED's settings have httpNodeRoot: false, so nodes can't answer requests. Set a path there, such as /.",
      { code: "NOT_CONFIGURED" },
    );
  }
  const offers = offersOn.get(RED.httpNode) ?? mount(RED, httpNodeRoot ?? "/");
  offers.add(offered);
  return () => offers.delete(offered);
}

function mount(RED: NodeAPI, root: string): Set<Offer> {
  const offers = new Set<Offer>();
  offersOn.set(RED.httpNode, offers);
  const offerOf = (url: string) => {
    const path = pathOf(url);
    for (const offered of offers) if (offered.claims(path)) return offered;
    return undefined;
  };
  RED.httpNode.use((request, response, next) => {
    const offered = offerOf(request.url);
    if (offered === undefined) return next();
    void offered.handle(request, response);
  });
  leaveBodies(RED.server as Server, root, (url) => offerOf(url) !== undefined);
  return offers;
}

/**
 * Where the editor is at the same root, which is the default, its parsers see every request first: they would read a
 * body before the offer does, and refuse one of more than 5 MB. What is marked so they take for read already.
 */
function leaveBodies(server: Server, root: string, isOffered: (url: string) => boolean): void {
  const prefix = root.replace(/\/+$/, "");
  server.prependListener("request", (request: IncomingMessage & { _body?: boolean }) => {
    const url = request.url ?? "/";
    if (url.startsWith(prefix) && isOffered(url.slice(prefix.length) || "/")) request._body = true;
  });
}

function pathOf(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? url : url.slice(0, mark);
}
