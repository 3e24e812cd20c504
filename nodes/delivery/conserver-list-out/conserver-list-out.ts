/** Hands vCons to a Python conserver, by a list that one of its chains reads. */
import { sender } from "../../kit/index.ts";
import { nameIn, nameToSend } from "../name-field.ts";

/** It may read all that there is and will be in the vCon, which lies where the list is. */
const SEES = ["whole vCon"];

export default sender({
  type: "vcon-conserver-list-out",
  label: "conserver list out",
  icon: "vcon-conserver-list.svg",
  fields: { list: nameToSend("list") },
  reads: [],
  async run({ vcon, config, present, delivery }) {
    await present();
    const list = (await delivery()).conserverList(nameIn(config.list, "list"));
    await list.push(vcon.uuid);
    return { sentTo: { vendor: "Conserver", host: list.host, categories: SEES } };
  },
});
