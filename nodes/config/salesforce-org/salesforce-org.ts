/** A Salesforce org, and the app by which this program is let in. */
import { type PrivateKey, readPrivateKey } from "../../../core/index.ts";
import { choice, config, StepError, secret, text } from "../../kit/index.ts";
import { type Clients, Session } from "./session.ts";
import type { Grant } from "./token.ts";

const byClient = { shownWhen: { flow: "client" } };
const byAssertion = { shownWhen: { flow: "jwt" } };

export default config({
  type: "vcon-salesforce-org",
  label: "Salesforce org",
  icon: "font-awesome/fa-cloud",
  client: { module: "jsforce", version: "^3.10.16" },
  fields: {
    url: text({
      label: "URL",
      icon: "globe",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      default: "${SALESFORCE_URL}",
      required: true,
      placeholder: "https://example.my.salesforce.com",
    }),
    flow: choice(
      { client: "Client credentials", jwt: "JWT bearer" },
      { label: "Flow", icon: "exchange", hint: "as the app in Salesforce is set up" },
    ),
    clientId: text({
      label: "Client id",
      icon: "id-card-o",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      default: "${SALESFORCE_CLIENT_ID}",
      required: true,
      hint: "Salesforce calls it the consumer key",
    }),
    clientSecret: secret({
      label: "Secret",
      icon: "key",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      default: "${SALESFORCE_CLIENT_SECRET}",
      hint: "empty: the environment variable SALESFORCE_CLIENT_SECRET",
      ...byClient,
    }),
    user: text({
      label: "User",
      icon: "user",
      required: true,
      placeholder: "flows@example.com",
      ...byAssertion,
    }),
    privateKey: secret({
      label: "Private key",
      icon: "key",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      default: "${SALESFORCE_PRIVATE_KEY}",
      hint: "in PEM; empty: the environment variable SALESFORCE_PRIVATE_KEY",
      ...byAssertion,
    }),
  },
  open: async ({ url, flow, clientId, clientSecret, user, privateKey }, { load }) => {
    const login = addressIn(url);
    const grant: Grant =
      flow === "client" ? { clientId, clientSecret } : { clientId, user, privateKey: rsaKeyIn(privateKey) };
    // The connection alone: the whole client takes half as long again to load.
    const [{ Connection }, { OAuth2 }] = await Promise.all([
      load<Pick<Clients, "Connection">>("jsforce/lib/connection.js"),
      load<Pick<Clients, "OAuth2">>("jsforce/lib/oauth2.js"),
    ]);
    return new Session({ Connection, OAuth2 }, login, grant);
  },
});

function addressIn(url: string): URL {
  const address = URL.parse(url);
  if (address?.protocol === "https:" || address?.protocol === "http:") return address;
  throw new StepError("The URL can't be used. Example: https://example.my.salesforce.com", {
    code: "NOT_CONFIGURED",
  });
}

/** Salesforce takes no other kind. */
function rsaKeyIn(text: string): PrivateKey {
  try {
    const key = readPrivateKey(text);
    if (key.asymmetricKeyType === "rsa") return key;
  } catch {
    // Said below, for this kind alone.
  }
  throw new StepError(
    "The private key can't be read. Paste the whole text of its file, of an RSA key in PEM without a password.",
    { code: "NOT_CONFIGURED" },
  );
}
