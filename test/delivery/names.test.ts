import { describe, expect, test } from "vitest";
import { channelName, listName, queueName } from "../../core/delivery/names.ts";

const malformed = (says: string) =>
  expect.objectContaining({ code: "DELIVERY_NAME_MALFORMED", message: expect.stringContaining(says) });

describe.each([
  ["queue", queueName, 100],
  ["channel", channelName, 200],
  ["list", listName, 200],
] as const)("the name of a %s", (what, check, longest) => {
  test("comes back without the spaces around it", () => {
    expect(check("  calls to review \n")).toBe("calls to review");
    expect(check("Gespräche")).toBe("Gespräche");
  });

  test(`has 1 to ${longest} characters`, () => {
    expect(check("🎧".repeat(longest))).toBe("🎧".repeat(longest));
    expect(() => check("a".repeat(longest + 1))).toThrow(malformed(`longer than ${longest} characters`));
    expect(() => check("")).toThrow(malformed(`The name of the ${what} can't be used: it is empty.`));
    expect(() => check("  ")).toThrow(malformed("it is empty"));
  });

  test.each(["a\nb", "a\tb", "a\u0000b", "a\u007fb", "a\u0085b"])("has no control characters: %j", (name) => {
    expect(() => check(name)).toThrow(malformed("control character"));
  });
});

test.each(["a:b", "{a", "a}"])("queues share slots by their names, so these can't have %s", (name) => {
  expect(() => queueName(name)).toThrow(malformed("a colon or a brace"));
  expect(channelName(name)).toBe(name);
});

test.each(["{a", "a}"])("no list is called %s", (name) => {
  expect(() => listName(name)).toThrow(malformed("a brace"));
});

test.each(["vcon:b4f0", "vcon-list:a"])(
  "no list takes the key of something else of the store: %s",
  (name) => {
    expect(() => listName(name)).toThrow(malformed("as keys of the store do"));
  },
);

test.each(["vcons", "tel:+12025550101", "mailto:a@example.com", "name:Carol Carter", "sip:a", "did:a"])(
  "no list takes the place of an index: %s",
  (name) => {
    expect(() => listName(name)).toThrow(malformed("an index of this name"));
  },
);

test.each(["DLQ:incoming", "a:b", "vcons-to-review", "names"])("a list may be called %s", (name) => {
  expect(listName(name)).toBe(name);
});
