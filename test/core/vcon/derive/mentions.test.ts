import { describe, expect, it } from "vitest";
import { type Mentions, mentionsOf } from "../../../../core/vcon/derive/mentions.ts";
import type { Party } from "../../../../core/vcon/types.ts";

const carol = {
  name: "Carol Carter-O'Neil",
  tel: "tel:+1-202-555-0101",
  mailto: "mailto:Carol.Carter@Example.com",
  sip: "sip:+12025550102@pbx.example.com",
  uuid: "participant-0042",
  email: "carol@example.org",
};
const mentions = mentionsOf([carol], [{ name: "Alice Archer" }]);

function redacted(text: string, found: Mentions = mentions): unknown {
  return found.replaceIn(text);
}

describe("a person is named", () => {
  it.each([
    ["Carol Carter-O'Neil called.", "[redacted] called."],
    ["This is CAROL CARTER O’NEIL.", "This is [redacted]."],
    ["Ms Carter's bill, says Cárol", "Ms [redacted]'s bill, says [redacted]"],
    ["The Carters, Carols Rechnung", "The [redacted], [redacted] Rechnung"],
    ["Thank you, carol!", "Thank you, [redacted]!"],
    ["Thank you, Ca\u00adr\u200bol!", "Thank you, [redacted]!"],
    ["q=Carol%20Smith&r=%C3%A9Carol", "q=[redacted]%20Smith&r=%C3%A9[redacted]"],
    ["Carter-O'Neil, Carol", "[redacted], [redacted]"],
    ["Caroline and Carolina", "Caroline and Carolina"],
  ])("by name: %j", (text, expected) => {
    expect(redacted(text)).toBe(expected);
  });

  it.each([
    "+12025550101",
    "+1 (202) 555-0101",
    "tel:+1-202-555-0101",
    "001 202 555 0101",
    "202.555.0101",
    "2 0 2 5 5 5 0 1 0 1",
    "2025550102",
  ])("by number: %s", (number) => {
    expect(String(redacted(`Call ${number} now`))).toMatch(/^Call (tel:)?\[redacted\] now$/);
    expect(redacted(`call_${number}_7.wav`)).not.toMatch(/\d{3}/);
  });

  it.each([
    "carol.carter@example.com",
    "CAROL.CARTER@EXAMPLE.COM",
    "carol dot carter at example dot com",
    "carol.carter%40example.com",
    "carol@example.org",
    "+12025550102@pbx.example.com",
    "participant-0042",
  ])("by address: %s", (address) => {
    expect(redacted(`Write to ${address}, please`)).toBe("Write to [redacted], please");
  });

  it("in JSON at any depth, in its members' names, as a number, and in JSON inside a text", () => {
    expect(
      mentions.replaceIn({ Carol: [{ note: "for Carol", id: 2025550101, ok: true, none: null, n: 5 }] }),
    ).toEqual({
      "[redacted]": [{ note: "for [redacted]", id: "[redacted]", ok: true, none: null, n: 5 }],
    });
    expect(redacted('{"who":"Car\\u006fl"}')).toBe('{"who":"[redacted]"}');
    expect(redacted('{ "who": "Alice" }')).toBe('{ "who": "Alice" }');
  });
});

describe("care is taken", () => {
  it("with parts of a name that another party bears too", () => {
    const found = mentionsOf([{ name: "Carol Carter" }], [{ name: "Bob Carter" }]);
    expect(redacted("Carol Carter, Bob Carter, Carol", found)).toBe("[redacted], Bob Carter, [redacted]");
  });

  it("with half of a name that another party bears too", () => {
    const found = mentionsOf([{ name: "Carol Carter" }], [{ name: "Bob Carter-Smith" }]);
    expect(redacted("Carol, Bob Carter-Smith", found)).toBe("[redacted], Bob Carter-Smith");
  });

  it.each([
    [
      "titles and roles",
      "Agent Dr Al de Vries",
      "The agent and Dr Al greet Vries",
      "The agent and Dr Al greet [redacted]",
    ],
    ["words of an organisation's name", "Reliable Repairs", "reliable work", "reliable work"],
    ["nobody's name", "anonymous", "An anonymous caller", "An anonymous caller"],
    [
      "a name that is an address",
      "carol@example.com",
      "for example: carol@example.com",
      "for example: [redacted]",
    ],
    ["a name that is a number", "+1 202 555 0101", "202-555-0101", "[redacted]"],
    ["a name in a script without blanks", "王小明", "我是王小明你好", "我是[redacted]你好"],
    ["an accent", "José Núñez", "jose nunez and JOSÉ", "[redacted] and [redacted]"],
    ["an umlaut", "Jürgen Müller", "JUERGEN MUELLER, Herr Muller", "[redacted], Herr [redacted]"],
    [
      "an umlaut written as two letters",
      "Juergen Mueller",
      "Hr. Müller, Jürgen",
      "Hr. [redacted], [redacted]",
    ],
    ["the mark itself", "Redacted", "[redacted]", "[redacted]"],
    ["the mark itself in two words", "Red Acted", "Red Acted, [redacted]", "[redacted], [redacted]"],
    ["an empty name", " - ", "a - b", "a - b"],
  ])("with %s", (_, name, text, expected) => {
    const type = name === "Reliable Repairs" ? "organization" : "person";
    expect(redacted(text, mentionsOf([{ name, type }], []))).toBe(expected);
  });

  it.each<[string, Party, string]>([
    ["dashes", { name: `a${"-".repeat(100)}b` }, `a${"-".repeat(60)}c`],
    ["accents", { name: `${"a-".repeat(40)}x` }, `${"a\u0301\u0301\u0301".repeat(40)}c`],
    ["dots", { mailto: `a${".".repeat(200)}b@c` }, `a${" . ".repeat(200)}c`],
    ["blanks in an identifier", { did: `a${" .".repeat(100)}b` }, `a${" .".repeat(80)}c`],
    ["an identifier that is the mark without its brackets", { uuid: "redacted" }, "[redacted]"],
  ])("with %s, which take no longer than others", (_, party, text) => {
    expect(redacted(text, mentionsOf([party], []))).toBe(text);
  });

  it("with parties that have too many details to look for", () => {
    const meta = Array.from({ length: 50_000 }, (_, index) => 2_025_550_000 + index);
    expect(() => mentionsOf([{ meta }], [])).toThrow(expect.objectContaining({ code: "VCON_TOO_LARGE" }));
  });

  it("with extensions, which are told from longer numbers", () => {
    const found = mentionsOf([{ tel: "1001" }], []);
    expect(redacted("1001, 21001, ext. 1001!", found)).toBe("[redacted], 21001, ext. [redacted]!");
    expect(redacted("7 and 07", mentionsOf([{ tel: "7" }, { tel: "" }], []))).toBe("7 and 07");
  });

  it("with what comes to stand alone by a replacement", () => {
    expect(redacted("2025550101Carol")).toBe("[redacted][redacted]");
  });
});

it("nothing is replaced where nobody is named", () => {
  expect(mentionsOf([], []).replaceIn("Carol")).toBe("Carol");
  expect(mentionsOf([{}], [{}]).replaceIn({ a: "Carol" })).toEqual({ a: "Carol" });
});
