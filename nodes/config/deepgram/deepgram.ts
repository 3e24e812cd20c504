/** An account at Deepgram, or at whatever speaks its interface. */
import { config, secret, text } from "../../kit/index.ts";

export default config({
  type: "vcon-deepgram",
  label: "Deepgram",
  icon: "font-awesome/fa-cloud",
  fields: {
    url: text({ label: "URL", icon: "globe", default: "https://api.deepgram.com", required: true }),
    apiKey: secret({
      label: "API key",
      icon: "key",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      default: "${DEEPGRAM_API_KEY}",
      hint: "empty: the environment variable DEEPGRAM_API_KEY",
    }),
  },
  open: (account) => account,
});
