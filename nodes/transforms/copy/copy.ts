/** Makes a new vCon of one that stays as it is. */
import { amendVcon, copyVcon, WHOLE_PARTS } from "../../../core/index.ts";
import { choice, transform } from "../../kit/index.ts";
import { unsignedOf } from "../unsigned.ts";

const MAKE = { amended: amendVcon, copy: copyVcon };

export default transform({
  type: "vcon-copy",
  label: "copy vCon",
  icon: "vcon-copy.svg",
  fields: {
    as: choice(
      {
        amended: "An amended version, which names this one",
        copy: "A vCon of its own, which names no other",
      },
      { label: "Make", icon: "files-o" },
    ),
  },
  reads: WHOLE_PARTS,
  run: async ({ vcon: view, config, copyUuid }) => {
    const vcon = await unsignedOf(view);
    return { copy: MAKE[config.as](vcon, { uuid: await copyUuid(config.as) }) };
  },
});
