/** Signs a vCon, which from then on can't be changed unnoticed. */
import { signVcon, type Vcon, WHOLE_PARTS, wholeOf } from "../../../core/index.ts";
import { service, transform } from "../../kit/index.ts";
import type { Keys } from "../keys.ts";

export default transform({
  type: "vcon-sign",
  label: "sign",
  icon: "vcon-sign.svg",
  fields: { keys: service<Keys>("vcon-keys", { label: "Keys", icon: "key" }) },
  reads: WHOLE_PARTS,
  run: async ({ vcon: view, config }) => {
    if (view.sealed) return undefined;
    const keys = await config.keys();
    const vcon = (await wholeOf(view)) as Vcon;
    return { replace: await signVcon(vcon, { key: keys.privateKey(), ...keys.signer() }) };
  },
});
