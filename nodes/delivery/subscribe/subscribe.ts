/** Listens on a channel for vCons: every listener gets each one, and nobody keeps it. */
import { findUuid } from "../../../core/index.ts";
import { receiver, StepError } from "../../kit/index.ts";
import { nameToTake } from "../name-field.ts";

export default receiver({
  type: "vcon-subscribe",
  label: "subscribe",
  icon: "vcon-channel.svg",
  fields: { channel: nameToTake("channel") },
  outputs: ["vCon"],
  receive: ({ config, delivery, hand, refuse, fault }) =>
    delivery.channel(config.channel).subscribe({
      hear(text) {
        const uuid = findUuid(text);
        if (uuid) hand({ output: "vCon", message: { payload: uuid } });
        else refuse(noUuid());
      },
      fault,
    }),
});

function noUuid(): StepError {
  return new StepError("Something came by the channel that is no UUID of a vCon. It was passed over.", {
    code: "NO_UUID",
  });
}
