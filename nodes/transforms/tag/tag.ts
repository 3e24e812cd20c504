/** Puts tags on a vCon. */
import { type ConfigOf, rows, StepError, transform, typed } from "../../kit/index.ts";

const fields = {
  tags: rows(
    { name: typed({ label: "Name" }), value: typed({ label: "Value" }) },
    { label: "Tags", icon: "tags", item: "tag", required: true },
  ),
};

export default transform({
  type: "vcon-tag",
  label: "tag",
  icon: "vcon-tag.svg",
  fields,
  reads: [],
  run: ({ config }) => ({ add: { tags: config.tags.map(toTag) } }),
});

function toTag({ name, value }: ConfigOf<typeof fields>["tags"][number]) {
  if (typeof name !== "string" || name === "" || name.includes(":")) {
    throw new StepError("A tag's name must be a text without a colon.", { code: "BAD_INPUT" });
  }
  const isStructure = typeof value === "object" && value !== null;
  return { name, value: isStructure ? JSON.stringify(value) : String(value ?? "") };
}
