/** Sends the whole vCon to a Python conserver, or to the vCon API of another Node-RED. */
import { streamVcon, VconApiClient, type VconView, WHOLE_PARTS } from "../../../core/index.ts";
import { type ConfigOf, destination, list, StepError, secret, text } from "../../kit/index.ts";
import { checkReceiver, fingerprint } from "../receiver.ts";
import { SYNTAXES, syntaxField, wholeIn } from "../whole-vcon.ts";

const fields = {
  url: text({ label: "URL", icon: "globe", required: true, placeholder: "https://example.com/api" }),
  key: secret({ label: "Key", icon: "key" }),
  keyHeader: text({ label: "Key header", icon: "header", default: "x-conserver-api-token", required: true }),
  lists: list({
    label: "Lists",
    icon: "list",
    placeholder: "list",
    hint: "ingress lists there; none: it is only stored",
  }),
  syntax: syntaxField,
};
type Config = ConfigOf<typeof fields>;

/** The kit's time limit and attempts count; the client's must not come first. */
const CLIENT_TIME_LIMIT_S = 24 * 60 * 60;

export default destination({
  type: "vcon-conserver",
  label: "conserver",
  icon: "vcon-conserver.svg",
  fields,
  reads: WHOLE_PARTS,
  system: "The conserver",
  draw: async ({ vcon, config, before }) => {
    const { version, categories } = wholeIn(SYNTAXES[config.syntax], vcon);
    const url = addressOf(config);
    const handle = { key: vcon.uuid, version, receiver: fingerprint(url) };
    const last = await before();
    if (last?.["version"] === version && last["receiver"] === handle.receiver) return undefined;
    return { content: vcon, recipient: { vendor: "Conserver", host: url.host, categories }, handle };
  },
  send: async ({ config, items, signal }) => {
    const { lists, syntax } = config;
    for (const { content } of items) {
      const view: VconView = content;
      await clientOf(config).send(() => streamVcon(view, { syntax: SYNTAXES[syntax] }), { lists, signal });
    }
    return undefined;
  },
  erase: async ({ config, uuid, handle, signal }) => {
    checkReceiver(addressOf(config), handle);
    await clientOf(config).delete(uuid, { signal });
  },
});

function clientOf(config: Config): VconApiClient {
  const { key, keyHeader } = config;
  return new VconApiClient({
    url: addressOf(config).href,
    ...(key !== "" && { key }),
    keyHeader,
    attempts: 1,
    timeLimit: CLIENT_TIME_LIMIT_S,
  });
}

/** @throws StepError; the URL may hold a secret, so it is not quoted */
function addressOf({ url: address }: Config): URL {
  const url = URL.parse(address);
  if (url && /^https?:$/.test(url.protocol) && url.search + url.username + url.password === "") return url;
  throw new StepError(
    `"URL" is no address that begins with https:// or http:// and ends with a path. Open the node and set it.`,
    { code: "NOT_CONFIGURED" },
  );
}
