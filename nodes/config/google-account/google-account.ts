/** A Google service account: a program's own account, which signs for itself, so that no token is asked for. */
import { createPrivateKey } from "node:crypto";
import { config, StepError, secret, text } from "../../kit/index.ts";

type SheetsClient = typeof import("googleapis/build/src/apis/sheets/index.js");

/** Whom a signature is for, wherever the URL leads (https://google.aip.dev/auth/4111). */
const SERVICE = "sheets.googleapis.com";

export default config({
  type: "vcon-google-account",
  label: "Google account",
  icon: "font-awesome/fa-google",
  client: { module: "googleapis", version: "^178.0.0" },
  fields: {
    url: text({ label: "URL", icon: "globe", default: `https://${SERVICE}`, required: true }),
    key: secret({
      label: "Key",
      icon: "key",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      default: "${GOOGLE_SERVICE_ACCOUNT_KEY}",
      hint: "the text of the key file; empty: the environment variable GOOGLE_SERVICE_ACCOUNT_KEY",
    }),
  },
  open: async ({ url, key }, { load }) => {
    const { host, href } = addressIn(url);
    const { email, privateKey, keyId } = readKeyFile(key);
    // The client for Sheets alone: that for all of Google's services takes half a second to load.
    const { auth, sheets } = await load<SheetsClient>("googleapis/build/src/apis/sheets/index.js");
    const account = new auth.JWT({ email, key: privateKey, keyId });
    account.defaultServicePath = SERVICE;
    return { sheets: sheets({ version: "v4", auth: account, rootUrl: href, retry: false }), host, email };
  },
});

function addressIn(url: string): URL {
  const address = URL.parse(url);
  if (address?.protocol === "https:" || address?.protocol === "http:") return address;
  throw new StepError(`The URL can't be used. Google's own is https://${SERVICE}`, {
    code: "NOT_CONFIGURED",
  });
}

/** What the file holds that Google's console gives to download. @throws StepError that says what to do */
function readKeyFile(text: string): { email: string; privateKey: string; keyId: string } {
  const { type, client_email, private_key, private_key_id } = members(text);
  if (type !== "service_account" || typeof client_email !== "string") {
    throw unusable(
      "is not of a service account. In Google's console, open a service account and add a key to it",
    );
  }
  if (!isRsaKey(private_key)) {
    throw unusable("holds a private key that can't be read. Paste the file as it is, or add a new key");
  }
  return { email: client_email, privateKey: private_key, keyId: String(private_key_id ?? "") };
}

function members(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    throw unusable("is no JSON. Paste the whole text of the file that Google's console gave for it");
  }
}

function isRsaKey(text: unknown): text is string {
  try {
    return createPrivateKey(String(text)).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}

function unusable(what: string): StepError {
  return new StepError(`The key ${what}.`, { code: "NOT_CONFIGURED" });
}
