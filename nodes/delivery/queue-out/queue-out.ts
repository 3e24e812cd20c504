/** Adds a vCon to a durable queue, for any Node-RED that shares the store. */
import type { Priority } from "../../../core/index.ts";
import { choice, number, sender } from "../../kit/index.ts";
import { nameIn, nameToSend } from "../name-field.ts";

export default sender({
  type: "vcon-queue-out",
  label: "queue out",
  icon: "vcon-queue.svg",
  fields: {
    queue: nameToSend("queue"),
    priority: choice<Priority>(
      { high: "High", normal: "Normal", low: "Low" },
      { label: "Priority", icon: "sort-amount-desc", default: "normal" },
    ),
    delay: number({
      label: "Delay",
      icon: "hourglass-half",
      default: 0,
      min: 0,
      max: 31_536_000,
      hint: "seconds before it can be taken",
    }),
  },
  reads: [],
  async run({ vcon, config, delivery, key }) {
    const { queue, priority, delay } = config;
    await (await delivery())
      .queue(nameIn(queue, "queue"))
      .add(vcon.uuid, { key, priority, delay: delay * 1000 });
    return undefined;
  },
});
