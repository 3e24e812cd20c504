import { describe, expect, it } from "vitest";
import { type Attachment, addTag, buildNew, getTag, isTags, tagsIn, tagTexts } from "../../../core/index.ts";

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

describe("the tags of a vCon", () => {
  it("are added one by one to one attachment, each once", () => {
    const vcon = buildNew();
    addTag(vcon, "topic", "recall");
    addTag(vcon, "topic", "kettle");
    addTag(vcon, "link", "https://example.com/");
    addTag(vcon, "topic", "recall");
    expect(vcon.attachments).toEqual([
      {
        purpose: "tags",
        start: vcon.created_at,
        party: 0,
        dialog: 0,
        mediatype: "application/json",
        encoding: "json",
        body: ["topic:recall", "topic:kettle", "link:https://example.com/"],
      },
    ]);
    expect(getTag(vcon, "topic")).toBe("recall");
    expect(getTag(vcon, "link")).toBe("https://example.com/");
    expect(getTag(vcon, "other")).toBeUndefined();
  });

  it("are read of every attachment of tags, in whichever shape, and written as a list", () => {
    const attachments: Attachment[] = [
      { purpose: "note", body: "a:b" },
      { type: "tags", body: '{"topic":"recall"}' },
      { purpose: "tags", body: ["bare"] },
    ];
    const vcon = buildNew({ attachments });
    expect(tagsIn(vcon)).toEqual([
      { name: "topic", value: "recall" },
      { name: "bare", value: "" },
    ]);
    addTag(vcon, "new", "one");
    expect(vcon.attachments![1]).toEqual({
      type: "tags",
      encoding: "json",
      body: ["topic:recall", "new:one"],
    });
    expect(tagsIn(buildNew())).toEqual([]);
  });

  it("are not added to an attachment elsewhere", () => {
    const vcon = buildNew({ attachments: [{ purpose: "tags", url: "https://example.com/tags.json" }] });
    addTag(vcon, "topic", "recall");
    expect(vcon.attachments).toHaveLength(2);
    expect(getTag(vcon, "topic")).toBe("recall");
  });
});
