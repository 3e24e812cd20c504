/** What the services behind a webhook take, and what their answers mean, as they document it. */
import { parseRetryAfter } from "../../../core/index.ts";
import { StepError, statusError } from "../../kit/index.ts";
import { discard } from "./request.ts";

export const MB = 1024 * 1024;

export interface Service {
  /** In the form, and in the trail. */
  name: string;
  /** In errors. */
  system: string;
  /** Bytes of a body. */
  largest?: number;
  /** What to do about a status, where there is more to say than of any receiver. */
  advice: Record<number, string>;
  /** Answers of this status that may pass, by how their text begins. */
  passing?: { status: number; text: string; advice: string };
}

const REDIRECTED = "It sends on to another address, which the data do not follow. Set that as URL.";
const ZAP_IS_OFF = "The Zap is switched off or deleted. Switch it on, or set the URL of another.";

export const SERVICES: Record<"any" | "zapier" | "make" | "n8n", Service> = {
  any: {
    name: "webhook",
    system: "The webhook",
    advice: {
      401: `It asks for a header that is missing or wrong. Set "Header" and its value.`,
      403: `It does not let this node in. Check "Header" and its value, and "Secret".`,
      405: "It takes no POST at this address. Check the URL.",
      410: "This address is closed. Set another URL.",
    },
  },
  /** https://docs.zapier.com/platform/build/operating-constraints */
  zapier: {
    name: "Zapier",
    system: "Zapier",
    largest: 10 * MB,
    advice: {
      404: ZAP_IS_OFF,
      410: ZAP_IS_OFF,
    },
  },
  /** https://help.make.com/webhooks and https://apps.make.com/gateway */
  make: {
    name: "Make",
    system: "Make",
    largest: 5 * MB,
    advice: {
      400: "The data do not have the structure that the webhook is set to. Correct it, or have Make find it again.",
      401: `The webhook asks for an API key. Set "Header" to x-make-apikey, and its value.`,
      410: "The webhook is not in use by a scenario any more. Switch the scenario on.",
    },
    passing: {
      status: 400,
      text: "Queue is full",
      advice: "The webhook's queue is full. Have the scenario run more often, then send the vCon again.",
    },
  },
  /** https://docs.n8n.io/integrations/builtin/core-nodes/n8n-nodes-base.webhook/ */
  n8n: {
    name: "n8n",
    system: "n8n",
    advice: {
      403: `The webhook asks for a header that is missing or wrong. Set "Header" and its value as in its credential.`,
      404: "The workflow is not active, or the URL is that of its test. Activate it, and set its production URL.",
      413: "It takes 16 MB, unless N8N_PAYLOAD_SIZE_MAX says otherwise. Send a projection, or the UUID alone.",
    },
  },
};

/** By the names of this node's form, at whichever service. */
const USUAL: Record<number, string> = { 429: `It is asked too often. Lower "At once".` };

/** What follows of an answer that is no success. The answer is not read further than is needed for that. */
export async function refusal(service: Service, response: Response): Promise<StepError> {
  const { system, advice, passing } = service;
  const { status } = response;
  const isPassing = passing?.status === status && (await beginsWith(response, passing.text));
  void discard(response);
  const { code, message, transient, retryAfter } = statusError(
    system,
    status,
    parseRetryAfter(response.headers.get("retry-after")),
  );
  const what = isPassing ? passing.advice : status < 400 ? REDIRECTED : (advice[status] ?? USUAL[status]);
  return new StepError(what === undefined ? message : `${system} answered ${status}. ${what}`, {
    code,
    transient: transient || isPassing,
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

async function beginsWith(response: Response, text: string): Promise<boolean> {
  let beginning = Buffer.alloc(0);
  try {
    for await (const piece of response.body ?? []) {
      beginning = Buffer.concat([beginning, piece]);
      if (beginning.length >= text.length) break;
    }
  } catch {
    // What came is enough, or not.
  }
  return beginning.toString("latin1").startsWith(text);
}
