/** Posts the UUID, the row that a projection drew, or the whole vCon to an address that somebody listens at. */
import querystring from "node:querystring";
import { streamVcon, type VconView, WHOLE_PARTS } from "../../../core/index.ts";
import { type ConfigOf, choice, destination, StepError, secret, text } from "../../kit/index.ts";
import { checkReceiver, fingerprint } from "../receiver.ts";
import { projectionField, ROWS, rowOf } from "../row.ts";
import { SYNTAXES, syntaxField, wholeIn } from "../whole-vcon.ts";
import { type Body, bodyOf, discard, jsonBody, post } from "./request.ts";
import { MB, refusal, SERVICES, type Service } from "./services.ts";

const fields = {
  service: choice(
    { any: "Any", zapier: "Zapier", make: "Make", n8n: "n8n" },
    { label: "Service", icon: "cloud" },
  ),
  url: text({ label: "URL", icon: "globe", required: true, placeholder: "https://" }),
  send: choice(
    { uuid: "the UUID", projection: "a projection", vcon: "the vCon" },
    { label: "Send", icon: "paper-plane-o", default: "projection" },
  ),
  projection: { ...projectionField, shownWhen: { send: "projection" } },
  syntax: { ...syntaxField, shownWhen: { send: "vcon" } },
  secret: secret({ label: "Secret", icon: "lock", hint: "signs what is sent: X-Hub-Signature-256" }),
  header: text({ label: "Header", icon: "header", placeholder: "Authorization" }),
  headerValue: secret({ label: "Its value", icon: "key" }),
};
type Config = ConfigOf<typeof fields>;

const READS = { uuid: ["sealed"], projection: [ROWS], vcon: WHOLE_PARTS } as const;

/** Those that the node or the connection sets. */
const OWN_HEADERS =
  /^(connection|content-.*|expect|host|idempotency-key|keep-alive|transfer-encoding|upgrade|user-agent|x-hub-signature-256)$/i;

export default destination({
  type: "vcon-webhook",
  label: "webhook",
  icon: "vcon-webhook.svg",
  fields,
  reads: ({ send }) => READS[send],
  system: "The webhook",
  draw: async ({ vcon, config, before }) => {
    const service = SERVICES[config.service];
    const { url } = receiverOf(config);
    const { version, categories, body } = await drawn(vcon, config);
    const handle = { key: vcon.uuid, version, receiver: fingerprint(url) };
    const last = await before();
    if (last?.["version"] === version && last["receiver"] === handle.receiver) return undefined;
    const content = await body();
    checkSize(content, service);
    return { content, recipient: { vendor: service.name, host: url.host, categories }, handle };
  },
  send: async ({ config, items, signal }) => {
    for (const { uuid, content } of items) await deliver(config, uuid, content, signal);
    return undefined;
  },
  erase: async ({ config, uuid, handle, signal }) => {
    checkReceiver(receiverOf(config).url, handle);
    const body = await jsonBody({ uuid, event: "vcon_deleted" }, config.secret);
    await deliver(config, `${uuid}:deleted`, body, signal);
  },
});

interface Drawn {
  /** Tells this state of the vCon from an earlier or a later one. */
  version: string | number;
  categories: string[];
  body(): Promise<Body>;
}

async function drawn(vcon: VconView, { send, projection, syntax, secret }: Config): Promise<Drawn> {
  const { uuid } = vcon;
  switch (send) {
    case "uuid":
      return { version: "uuid", categories: ["uuid"], body: () => jsonBody({ uuid }, secret) };
    case "projection": {
      const { row, index } = await rowOf(vcon, projection);
      const { uuid: _, ...others } = row;
      return {
        version: index,
        categories: ["projection"],
        body: () => jsonBody({ uuid, ...others }, secret),
      };
    }
    case "vcon":
      return {
        ...wholeIn(SYNTAXES[syntax], vcon),
        body: () => bodyOf(() => streamVcon(vcon, { syntax: SYNTAXES[syntax] }), secret),
      };
  }
}

function checkSize({ size }: Body, { system, largest = Number.POSITIVE_INFINITY }: Service): void {
  if (size <= largest) return;
  const megabytes = (bytes: number) => `${(bytes / MB).toFixed(1)} MB`;
  throw new StepError(
    `${system} takes ${megabytes(largest)}, and this is ${megabytes(size)}. Send a projection, or the UUID alone.`,
    { code: "TOO_LARGE" },
  );
}

/** @throws StepError where the receiver did not take it */
async function deliver(config: Config, key: string, body: Body, signal: AbortSignal): Promise<void> {
  const { url, headers } = receiverOf(config);
  const response = await post({ url, headers: { ...headers, "idempotency-key": key }, body, signal });
  if (!response.ok) throw await refusal(SERVICES[config.service], response);
  void discard(response);
}

interface Receiver {
  /** Without user and password, which go into a header. */
  url: URL;
  headers: Record<string, string>;
}

/** @throws StepError naming the field that can't be used; the URL may hold a secret, so it is not quoted */
function receiverOf({ url: address, header, headerValue }: Config): Receiver {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw notConfigured(`"URL" is no address that begins with https:// or http://.`);
  }
  const headers: Record<string, string> = {};
  if (url.username !== "" || url.password !== "") {
    const login = `${querystring.unescape(url.username)}:${querystring.unescape(url.password)}`;
    headers["authorization"] = `Basic ${Buffer.from(login).toString("base64")}`;
    url.username = "";
    url.password = "";
  }
  if (header !== "") headers[checkedName(header)] = checkedValue(headerValue);
  return { url, headers };
}

function checkedName(header: string): string {
  if (!isHeader(header, "")) throw notConfigured(`"Header" is no name that a header can have.`);
  if (OWN_HEADERS.test(header)) throw notConfigured(`"Header" names one that this node sets itself.`);
  return header.toLowerCase();
}

function checkedValue(value: string): string {
  if (value === "") throw notConfigured(`"Its value" is not set, and "Header" is.`);
  if (!isHeader("x", value)) throw notConfigured(`"Its value" holds characters that no header can have.`);
  return value;
}

function isHeader(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name);
  } catch {
    return false;
  }
}

function notConfigured(problem: string): StepError {
  return new StepError(`${problem} Open the node and set it.`, { code: "NOT_CONFIGURED" });
}
