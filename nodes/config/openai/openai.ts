/** An account at OpenAI, or at whatever speaks its interface. */
import { config, secret, text } from "../../kit/index.ts";

export default config({
  type: "vcon-openai",
  label: "OpenAI",
  icon: "font-awesome/fa-cloud",
  fields: {
    url: text({ label: "URL", icon: "globe", default: "https://api.openai.com/v1", required: true }),
    apiKey: secret({
      label: "API key",
      icon: "key",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      default: "${OPENAI_API_KEY}",
      hint: "empty: the environment variable OPENAI_API_KEY",
    }),
  },
  open: (account) => account,
});
