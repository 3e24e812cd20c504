/** Takes vCons from a list that a Python conserver fills, so that a flow can be a link in its chain. */
import { receiver } from "../../kit/index.ts";
import { nameToTake } from "../name-field.ts";

export default receiver({
  type: "vcon-conserver-list-in",
  label: "conserver list in",
  icon: "vcon-conserver-list.svg",
  fields: { list: nameToTake("list") },
  outputs: ["vCon"],
  consume: ({ config, delivery, options, take }) =>
    delivery.conserverList(config.list).consume(options, take),
});
