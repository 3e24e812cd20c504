/**
 * Lets config nodes answer requests on Node-RED's own HTTP server. Routes there outlive a redeploy, so one handler is
 * mounted once and asks those who offer something now.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { NodeAPI } from "node-red";
import { StepError } from "./errors.ts";
import { onceFlowsStarted } from "./flows-started.ts";

export interface Offer {
  /** Where it is; no other is offered there. */
  readonly path: string;
  /** Whether it answers requests for this path, which begins with a slash and has no query. */
  claims(path: string): boolean;
  /** Never rejects; called after it was withdrawn, too. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

type HttpNode = NodeAPI["httpNode"];

/** Those that are withdrawn. */
const leaving = new WeakSet<Offer>();

const offersOn = new WeakMap<HttpNode, Set<Offer>>();

/**
 * To be called before any flow starts: then what is offered comes before the flows' own paths, after a redeploy as
 * before it.
 */
export function mountOffers(RED: NodeAPI): void {
  const root = rootOf(RED);
  if (root === false || offersOn.has(RED.httpNode)) return;
  const offers = new Set<Offer>();
  offersOn.set(RED.httpNode, offers);
  RED.httpNode.use((request, response, next) => {
    const offered = offerFor(request.url, offers);
    if (offered === undefined) return next();
    void offered.handle(request, response);
  });
  leaveBodies(RED.server as Server | undefined, root, (url) => offerFor(url, offers) !== undefined);
}

/**
 * What is withdrawn goes on being asked until the flows have started again: meanwhile it says better than a 404 would
 * that whoever asks should come again.
 * @returns what withdraws it. @throws StepError where Node-RED serves no HTTP for nodes
 */
export function offer(RED: NodeAPI, offered: Offer): () => void {
  const offers = offersOn.get(RED.httpNode);
  if (offers === undefined) {
    throw new StepError(
      "Node-RED's settings have httpNodeRoot: false, so nodes can't answer requests. Set a path there, such as /.",
      { code: "NOT_CONFIGURED" },
    );
  }
  if ([...offers].some((other) => other.path === offered.path && !leaving.has(other))) {
    throw new StepError(`Another node answers at ${offered.path} already. Set another path.`, {
      code: "NOT_CONFIGURED",
    });
  }
  offers.add(offered);
  // Those who open when the flows have started need a moment for it.
  return () => {
    leaving.add(offered);
    onceFlowsStarted(RED, () => setImmediate(() => offers.delete(offered)));
  };
}

function rootOf({ settings }: NodeAPI): string | false {
  return (settings as { httpNodeRoot?: string | false }).httpNodeRoot ?? "/";
}

/** The latest, for the one before may be withdrawn. */
function offerFor(url: string, offers: ReadonlySet<Offer>): Offer | undefined {
  const path = pathOf(url);
  return [...offers].findLast((offered) => offered.claims(path));
}

/**
 * Where the editor is at the same root, which is the default, its parsers see every request first: they would read a
 * body before the offer does, and refuse one of more than 5 MB. What is marked so they take for read already.
 */
function leaveBodies(server: Server | undefined, root: string, isOffered: (url: string) => boolean): void {
  const prefix = root.replace(/\/+$/, "");
  server?.prependListener("request", (request: IncomingMessage & { _body?: boolean }) => {
    const url = request.url ?? "/";
    if (url.startsWith(`${prefix}/`) && isOffered(url.slice(prefix.length))) request._body = true;
  });
}

function pathOf(url: string): string {
  const mark = url.indexOf("?");
  return mark < 0 ? url : url.slice(0, mark);
}
