import { describe, expect, it } from "vitest";
import { isTags, tagTexts } from "../../../core/index.ts";

describe("the tags in a body", () => {
  it.each<[string, unknown, string[]]>([
    [
      "a list",
      ["topic:recall", "link:https://example.com/", "bare"],
      ["topic:recall", "link:https://example.com/", "bare"],
    ],
    [
      "an object",
      { topic: ["recall", "kettle"], seconds: 26, nothing: null },
      ["topic:recall", "topic:kettle", "seconds:26", "nothing:"],
    ],
    ["a list as JSON", '["topic:recall"]', ["topic:recall"]],
    ["an object as JSON", ' {"topic":"recall"}', ["topic:recall"]],
    ["one text", "topic:recall", ["topic:recall"]],
    ["texts that look like JSON", ['{"topic":"recall"}'], ['{"topic":"recall"}']],
    ["an empty text", "", []],
    ["null", null, []],
    ["nothing", undefined, []],
  ])("are read from %s", (_, body, texts) => {
    expect(tagTexts(body)).toEqual(texts);
  });
});

describe("an attachment", () => {
  it.each([
    [{ purpose: "tags" }, true],
    [{ type: "tags" }, true],
    [{ purpose: "note", type: "tags" }, false],
    [{}, false],
  ])("holds tags by its purpose, else by its type: %j", (attachment, expected) => {
    expect(isTags(attachment)).toBe(expected);
  });
});
