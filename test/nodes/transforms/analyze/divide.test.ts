import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  divided,
  estimateItems,
  estimateTokens,
  type Item,
} from "../../../../nodes/transforms/analyze/divide.ts";

const items = fc.array(
  fc.record({
    text: fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 2000 }),
      fc.string({ unit: "binary", maxLength: 2000 }),
    ),
    speaker: fc.constantFrom("Carol Carter (customer)", "party 1"),
  }),
  { maxLength: 40 },
);

describe("what is divided", () => {
  it("is never longer than asked for, and loses nothing", () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 200, max: 3000 }), (whole, most) => {
        const parts = divided(whole, most);
        for (const part of parts) expect(estimateItems(part)).toBeLessThanOrEqual(most);
        expect(textOf(withoutRepeated(parts))).toBe(textOf(whole));
      }),
    );
  });

  it("keeps surrogate pairs together", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 200, max: 300 }), (shift, most) => {
        const text = "x".repeat(shift) + "🫖".repeat(2000);
        for (const [item] of divided([{ text }], most)) expect(item!.text.isWellFormed()).toBe(true);
      }),
    );
  });

  it("is cut between words where there are any", () => {
    const text = "kettle ".repeat(5000);
    for (const part of divided([{ text }], 500)) expect(part.at(-1)!.text).toMatch(/^(kettle )+$/);
  });

  it("is one part where it is short, or nothing at all", () => {
    expect(divided([{ text: "Hello." }, { text: "Good morning." }], 1000)).toHaveLength(1);
    expect(divided([], 1000)).toEqual([[]]);
  });
});

it.each([
  ["English prose, of about four characters to a token", "The kettle is recalled. ".repeat(100), 2400 / 4],
  ["Chinese, of about one", "水壶被召回。".repeat(100), 600],
  ["emoji, of two or three", "🫖".repeat(100), 200],
])("the estimate is no less than what tokenizers count: %s", (_, text, least) => {
  expect(estimateTokens(text)).toBeGreaterThanOrEqual(least);
  expect(estimateTokens(text)).toBeLessThan(least * 2);
});

/** The very items of a part that stand in the one before as well are repeated. */
function withoutRepeated(parts: Item[][]): Item[] {
  const seen = new Set<Item>();
  return parts.flat().filter((item) => !seen.has(item) && seen.add(item));
}

function textOf(whole: readonly Item[]): string {
  return whole.map(({ text }) => text).join("");
}
