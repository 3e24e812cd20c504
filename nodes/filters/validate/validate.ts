/** Sends a vCon on by whether it keeps the rules of the draft, with what was found on the message. */
import { findingsFrom, type Level, validateVcon, WHOLE_PARTS, wholeOf } from "../../../core/index.ts";
import { choice, filter, text } from "../../kit/index.ts";

/** The mildest of the findings by which a vCon is not valid. */
const MILDEST = { errors: "error", warnings: "warning" } as const satisfies Record<string, Level>;

export default filter({
  type: "vcon-validate",
  label: "validate",
  icon: "vcon-validate.svg",
  fields: {
    against: choice(
      { errors: "It has an error", warnings: "It has an error or a warning" },
      { label: "Not valid if", icon: "balance-scale" },
    ),
    property: text({
      label: "Findings",
      icon: "envelope-o",
      default: "findings",
      required: true,
      hint: "the property of the message that will list them",
    }),
  },
  outputs: ["valid", "not valid"],
  reads: WHOLE_PARTS,
  run: async ({ vcon, config }) => {
    const findings = validateVcon(await wholeOf(vcon));
    const isValid = findingsFrom(MILDEST[config.against], findings).length === 0;
    return { output: isValid ? "valid" : "not valid", message: { [config.property]: findings } };
  },
});
