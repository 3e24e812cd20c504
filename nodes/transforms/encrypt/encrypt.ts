/** Encrypts a vCon for those who may open it. */
import {
  encryptVcon,
  formOf,
  type SignedVcon,
  type Vcon,
  WHOLE_PARTS,
  wholeOf,
} from "../../../core/index.ts";
import { choice, service, transform } from "../../kit/index.ts";
import type { Keys } from "../keys.ts";

export default transform({
  type: "vcon-encrypt",
  label: "encrypt",
  icon: "vcon-encrypt.svg",
  fields: {
    keys: service<Keys>("vcon-keys", { label: "Keys", icon: "key" }),
    encryption: choice(
      { "A256CBC-HS512": "A256CBC-HS512, which the draft asks for", A256GCM: "A256GCM" },
      { label: "Content", icon: "lock" },
    ),
    rsaEncryption: choice(
      { "RSA-OAEP": "RSA-OAEP, which the draft asks for", "RSA-OAEP-256": "RSA-OAEP-256" },
      { label: "RSA keys", icon: "key" },
    ),
  },
  reads: WHOLE_PARTS,
  run: async ({ vcon: view, config }) => {
    if (view.sealed && formOf(view.sealed) === "encrypted") return undefined;
    const keys = await config.keys();
    const vcon = (await wholeOf(view)) as Vcon | SignedVcon;
    const { encryption, rsaEncryption } = config;
    return { replace: await encryptVcon(vcon, { recipients: keys.recipients(), encryption, rsaEncryption }) };
  },
});
