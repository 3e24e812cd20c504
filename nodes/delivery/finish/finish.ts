/** Says that the job is done to which a message belongs, or that it has failed. */
import { choice, receiver, typed } from "../../kit/index.ts";

export default receiver({
  type: "vcon-finish",
  label: "finish",
  icon: "vcon-finish.svg",
  fields: {
    outcome: choice({ done: "is done", failed: "has failed" }, { label: "The vCon", icon: "flag-checkered" }),
    reason: typed({
      label: "Reason",
      icon: "comment-o",
      types: ["msg", "str", "jsonata"],
      default: "msg:error.message",
      hint: "to be read in its dead letter",
      shownWhen: { outcome: "failed" },
    }),
  },
  withoutStore: true,
  outputs: [],
  answer({ config, finish }) {
    if (config.outcome === "done") finish();
    else finish(textIn(config.reason) || "A finish node said so.");
    return undefined;
  },
});

function textIn(value: unknown): string {
  // A catch node's message has the error's name before its text.
  return typeof value === "string" ? value.replace(/^Error: /, "").trim() : "";
}
