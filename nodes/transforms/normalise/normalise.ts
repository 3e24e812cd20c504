/** Brings a vCon into the newest syntax, in its place. */
import { readVcon, type Vcon, WHOLE_PARTS } from "../../../core/index.ts";
import { text, toggle, transform } from "../../kit/index.ts";
import { unsignedOf } from "../unsigned.ts";

export default transform({
  type: "vcon-normalise",
  label: "normalise",
  icon: "vcon-normalise.svg",
  fields: {
    repair: toggle({
      label: "Repair",
      icon: "wrench",
      hint: `a missing vendor of an analysis becomes "unknown"`,
    }),
    property: text({
      label: "Changes",
      icon: "envelope-o",
      default: "changes",
      required: true,
      hint: "the property of the message that will list them",
    }),
  },
  reads: WHOLE_PARTS,
  run: async ({ vcon: view, config }) => {
    const { vcon, changes } = readVcon(await unsignedOf(view), { repair: config.repair });
    const message = { [config.property]: changes };
    if (changes.length === 0) return { message };
    return { replace: { ...(vcon as Vcon), updated_at: new Date().toISOString() }, message };
  },
});
