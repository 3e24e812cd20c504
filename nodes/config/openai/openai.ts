/** An account at OpenAI, at Azure OpenAI, or at whatever speaks their interface. */
import { config, secret, text } from "../../kit/index.ts";

/** The kit's own time limit counts; the client's must not come first. */
const CLIENT_TIME_LIMIT_MS = 24 * 60 * 60 * 1000;

export default config({
  type: "vcon-openai",
  label: "OpenAI",
  icon: "font-awesome/fa-cloud",
  fields: {
    url: text({ label: "URL", icon: "globe", default: "https://api.openai.com/v1", required: true }),
    apiVersion: text({
      label: "API version",
      icon: "calendar",
      placeholder: "2024-10-21",
      hint: "only for Azure addresses that want one; else empty",
    }),
    apiKey: secret({
      label: "API key",
      icon: "key",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      default: "${OPENAI_API_KEY}",
      hint: "empty: the environment variable OPENAI_API_KEY",
    }),
  },
  open: async ({ url, apiVersion, apiKey }) => {
    const { AzureOpenAI, OpenAI } = await import("openai");
    // Its log, which an environment variable switches on, shows what services say that don't speak JSON.
    const options = { apiKey, maxRetries: 0, timeout: CLIENT_TIME_LIMIT_MS, logLevel: "off" } as const;
    const client = apiVersion
      ? new AzureOpenAI({ ...options, apiVersion, baseURL: datedBase(url) })
      : new OpenAI({ ...options, baseURL: url });
    return { client, ...serviceAt(url, apiVersion) };
  },
});

/** Where the paths of Azure's dated interface begin, also where only the resource's endpoint is given. */
function datedBase(url: string): string {
  return URL.parse(url)?.pathname === "/" ? new URL("/openai", url).href : url;
}

/** Whose service it is. */
interface Service {
  /** As vCons and their trails name it. */
  vendor: string;
  /** As errors name it. */
  system: string;
  /** With its port. */
  host: string;
  /** To be asked with every question, where the service would otherwise keep it. */
  store?: false;
}

function serviceAt(url: string, apiVersion: string): Service {
  const { host = "", hostname = "" } = URL.parse(url) ?? {};
  if (apiVersion || /\.azure\.(com|us|cn)$/.test(hostname)) {
    return { vendor: "azure", system: "Azure OpenAI", host };
  }
  if (host === "" || hostname.endsWith(".openai.com")) {
    // OpenAI stores what new accounts ask (developers.openai.com/api/docs/guides/migrate-to-responses). Others keep
    // nothing unasked, and may refuse the word.
    return { vendor: "openai", system: "OpenAI", host, store: false };
  }
  return { vendor: "openai", system: `The service at ${host}`, host };
}
