/** Offers the store over HTTP, on Node-RED's own server, to programs written for the conserver and to new ones. */
import { VconError, type VconStore } from "../../../core/index.ts";
import {
  choice,
  config,
  list,
  number,
  type Offer,
  StepError,
  secret,
  service,
  text,
  toggle,
} from "../../kit/index.ts";

const byKey = { access: "keys" };
const MB = 1024 * 1024;

export default config({
  type: "vcon-api",
  label: "vCon API",
  icon: "font-awesome/fa-plug",
  byItself: true,
  fields: {
    path: text({
      label: "Path",
      icon: "globe",
      default: "/api",
      hint: "below Node-RED's own root for nodes",
    }),
    store: service<VconStore>("vcon-store", { label: "Store", icon: "database" }),
    atRoot: toggle({
      label: "At root",
      icon: "home",
      default: true,
      hint: "the conserver's own routes, such as /vcon, answer without the path, too",
    }),
    access: choice({ keys: "by key", open: "open to everybody" }, { label: "Access", icon: "lock" }),
    adminKeys: secret({
      label: "Admin keys",
      icon: "key",
      hint: "may do everything; empty: the environment variable VCON_API_KEY",
      shownWhen: byKey,
    }),
    writeKeys: secret({
      label: "Write keys",
      icon: "key",
      hint: "several with blanks between, each as key or name:key",
      shownWhen: byKey,
    }),
    readKeys: secret({ label: "Read keys", icon: "key", hint: "as above", shownWhen: byKey }),
    ingressKeys: secret({
      label: "Ingress keys",
      icon: "sign-in",
      hint: "for partners who may only send, to the list named: list:key",
    }),
    keyHeader: text({
      label: "Key header",
      icon: "header",
      default: "x-conserver-api-token",
      required: true,
    }),
    openStatistics: toggle({
      label: "Statistics",
      icon: "bar-chart",
      hint: "/stats/queue tells without a key how much waits",
      default: true,
    }),
    signatureSecret: secret({
      label: "Signature",
      icon: "pencil",
      hint: "secret by which whatever is sent has to be signed: X-Hub-Signature-256",
    }),
    conserverLists: list({
      label: "Conserver lists",
      icon: "list",
      placeholder: "list",
      hint: "names that are lists of a Python conserver on the same Redis, * for all; others are queues",
    }),
    origins: list({
      label: "Web origins",
      icon: "window-maximize",
      placeholder: "https://example.com",
      hint: "pages that a browser lets ask (CORS); none if empty",
    }),
    maxSize: number({ label: "Largest (MB)", icon: "arrows-h", default: 100, min: 1, max: 500 }),
    timeLimit: number({ label: "Time limit (s)", icon: "clock-o", default: 300, min: 1, max: 3600 }),
    perMinute: number({
      label: "Rate limit",
      icon: "tachometer",
      default: 0,
      min: 0,
      max: 1_000_000,
      hint: "requests a minute by one key; 0 for no limit",
    }),
  },
  open: async ({ store, path, maxSize, ...others }, { offer, node, flows, log, warn }) => {
    // Loaded here because it costs memory that a Node-RED without an API should not pay.
    const { VconApi } = await import("../../../server/index.ts");
    const prefix = asPrefix(path);
    const api = new VconApi({
      store: () => store().catch(inWordsOfCore),
      flows,
      node,
      warn,
      settings: {
        ...others,
        path: prefix,
        keys: keysOf(others),
        maxBytes: maxSize * MB,
      },
    });
    let withdraw: () => void;
    try {
      withdraw = offer(api satisfies Offer);
    } catch (error) {
      await api.close();
      throw error;
    }
    log(`vCon API on at ${api.path}`);
    if (others.access === "open")
      warn("The vCon API is open: whoever reaches this port can read, change and delete every vCon.");
    for (const { type, url } of flows.nodes()) {
      const path = `/${url}`.replace(/^\/+/, "/");
      if (type !== "http in" || !api.claims(path)) continue;
      warn(
        `The vCon API answers at ${path}, where an http in node does not any more. Give that one or the API another path, or switch "At root" off.`,
      );
    }
    return {
      close: () => {
        withdraw();
        return api.close();
      },
    };
  },
  close: (served: { close(): Promise<void> }) => served.close(),
});

/** The API knows no nodes: it would not show what a badly set one says. */
function inWordsOfCore(error: unknown): never {
  if (!(error instanceof StepError)) throw error;
  throw new VconError("STORE_UNAVAILABLE", error.message, { transient: error.transient });
}

/** Undefined where everybody is let in. @throws StepError where nobody would be */
function keysOf(typed: {
  access: "keys" | "open";
  adminKeys: string;
  writeKeys: string;
  readKeys: string;
  ingressKeys: string;
}): { admin: string; write: string; read: string; verbatim: string } | undefined {
  if (typed.access === "open") return undefined;
  const verbatim = typed.adminKeys === "" ? (process.env["VCON_API_KEY"] ?? "") : "";
  const keys = { admin: typed.adminKeys, write: typed.writeKeys, read: typed.readKeys, verbatim };
  if ([...Object.values(keys), typed.ingressKeys].some((text) => text !== "")) return keys;
  throw new StepError(
    `No key is set, and neither is the environment variable VCON_API_KEY. Open the node and set one.`,
    { code: "NOT_CONFIGURED" },
  );
}

function asPrefix(path: string): string {
  const prefix = `/${path}`.replace(/\/{2,}/g, "/").replace(/\/$/, "");
  if (/^[\w./~-]*$/.test(prefix)) return prefix;
  throw new StepError(`"Path" holds characters that no path should have. Open the node and set it.`, {
    code: "NOT_CONFIGURED",
  });
}
