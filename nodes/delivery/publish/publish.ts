/** Tells everybody who listens on a channel which vCon there is; nobody keeps it. */
import { sender } from "../../kit/index.ts";
import { nameIn, nameToSend } from "../name-field.ts";

export default sender({
  type: "vcon-publish",
  label: "publish",
  icon: "vcon-channel.svg",
  fields: { channel: nameToSend("channel") },
  reads: [],
  async run({ vcon, config, delivery }) {
    await (await delivery()).channel(nameIn(config.channel, "channel")).publish(vcon.uuid);
    return undefined;
  },
});
