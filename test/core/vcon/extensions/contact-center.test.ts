import { expect, it } from "vitest";
import { type Dialog, skillsOf } from "../../../../core/vcon/index.ts";

it.each<[unknown, string[]]>([
  ["billing", ["billing"]],
  [
    ["billing", "returns"],
    ["billing", "returns"],
  ],
  ["", []],
  [undefined, []],
  [null, []],
  [{ a: 1 }, []],
  [["billing", 5, null], ["billing"]],
])("the skills in %j are %j", (skill, skills) => {
  expect(skillsOf({ type: "text", skill } as Dialog)).toEqual(skills);
});
