/** Takes vCons from a durable queue, as many at once as the flow can bear; each is acknowledged when the flow is done. */
import { receiver } from "../../kit/index.ts";
import { nameToTake } from "../name-field.ts";

export default receiver({
  type: "vcon-queue-in",
  label: "queue in",
  icon: "vcon-queue.svg",
  fields: { queue: nameToTake("queue") },
  outputs: ["vCon"],
  consume: ({ config, delivery, options, take }) => delivery.queue(config.queue).consume(options, take),
});
