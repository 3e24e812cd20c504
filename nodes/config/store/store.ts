/** The store that holds the bodies of the vCons: SQLite by default. */
import { observedStore, openStore, type VconStore } from "../../../core/index.ts";
import { config, secret, text } from "../../kit/index.ts";

export default config({
  type: "vcon-store",
  label: "vCon store",
  icon: "font-awesome/fa-database",
  fields: {
    url: text({ label: "URL", icon: "globe", default: "sqlite:vcon.sqlite", required: true }),
    password: secret({ label: "Password", icon: "key", hint: "of a Redis, in place of one in the URL" }),
    country: text({
      label: "Country",
      icon: "phone",
      placeholder: "US",
      hint: "of telephone numbers without a country code, as two letters",
    }),
  },
  open: async ({ url, country, password }, { userFolder }) =>
    observedStore(
      await openStore(url, {
        folder: userFolder,
        country: country || undefined,
        password: password || undefined,
      }),
    ),
  close: (store: VconStore) => store.close(),
});
