import { describe, expect, it } from "vitest";
import {
  buildNew,
  displayName,
  findPartyIndex,
  findPartyIndices,
  normaliseMailto,
  normaliseTel,
  type Party,
  partyIndexKeys,
  partyOfRole,
  waysToWriteTel,
} from "../../../core/vcon/index.ts";

describe("a telephone number", () => {
  it.each([
    ["+12025550123", undefined, "+12025550123"],
    ["tel:+1-202-555-0123", undefined, "+12025550123"],
    ["TEL:+1.202.555.0123;ext=5", undefined, "+12025550123"],
    ["tel:202-555-0123;phone-context=+1", undefined, "+12025550123"],
    ["(202) 555-0123", "US", "+12025550123"],
    ["(202) 555-0123", "us", "+12025550123"],
    ["020 7946 0123", "GB", "+442079460123"],
    ["00 1 202 555 0123", "DE", "+12025550123"],
    ["2025550123", undefined, undefined],
    ["11361", "US", undefined],
    ["2025550123", "XX", undefined],
    ["call +12025550123", undefined, undefined],
    ["", "US", undefined],
    ["Alice", "US", undefined],
  ])("%j of %s is %s", (text, country, expected) => {
    expect(normaliseTel(text, country)).toBe(expected);
  });
});

describe("the ways to write a telephone number", () => {
  it.each([
    ["+12025550123", ["+12025550123", "0012025550123", "2025550123", "(202) 555-0123"]],
    ["tel:+1-202-555-0123;ext=5", ["+12025550123", "0012025550123", "2025550123", "(202) 555-0123 ext. 5"]],
    ["0044 20 7946 0018", ["+442079460018", "00442079460018", "2079460018", "020 7946 0018"]],
    [" 020 7946 0018 ", ["020 7946 0018"]],
    ["1001", ["1001"]],
    ["anonymous", ["anonymous"]],
  ])("%j is written as %j", (text, ways) => {
    expect(waysToWriteTel(text)).toEqual(ways);
  });
});

describe("an e-mail address", () => {
  it.each([
    ["Alice@Example.COM", "alice@example.com"],
    ["mailto:alice@example.com?subject=Hi", "alice@example.com"],
    ["MAILTO:<alice@example.com>", "alice@example.com"],
    [' "Alice, A." <alice@example.com> ', "alice@example.com"],
    ["alice", undefined],
    ["alice@", undefined],
    ["alice@a@example.com", undefined],
    ["al ice@example.com", undefined],
    ["", undefined],
  ])("%j is %s", (text, expected) => {
    expect(normaliseMailto(text)).toBe(expected);
  });
});

describe("partyIndexKeys", () => {
  it("gives every value as written, without its prefix and normalised", () => {
    const party: Party = {
      tel: " tel:+1-202-555-0123",
      mailto: "mailto:Alice@Example.com",
      name: "Alice Example",
      sip: "sips:Alice@Example.com",
      did: "did:example:123",
      uuid: "not looked up",
    };
    expect(partyIndexKeys(party)).toEqual([
      ["tel", "tel:+1-202-555-0123"],
      ["tel", "+1-202-555-0123"],
      ["tel", "+12025550123"],
      ["mailto", "mailto:Alice@Example.com"],
      ["mailto", "Alice@Example.com"],
      ["mailto", "alice@example.com"],
      ["name", "Alice Example"],
      ["sip", "sips:Alice@Example.com"],
      ["sip", "Alice@Example.com"],
      ["sip", "alice@example.com"],
      ["did", "did:example:123"],
    ]);
  });

  it("normalises national numbers with the default country", () => {
    expect(partyIndexKeys({ tel: "202-555-0123" }, "US")).toEqual([
      ["tel", "202-555-0123"],
      ["tel", "+12025550123"],
    ]);
    expect(partyIndexKeys({ tel: "11361" }, "US")).toEqual([["tel", "11361"]]);
  });

  it("leaves out what is no value", () => {
    const party = { tel: 12025550123, mailto: "", name: "  ", sip: "sip:", did: "d".repeat(257) };
    expect(partyIndexKeys(party as unknown as Party)).toEqual([["sip", "sip:"]]);
    expect(partyIndexKeys({ name: "n".repeat(256) })).toHaveLength(1);
  });
});

describe("findPartyIndex", () => {
  const vcon = {
    uuid: "",
    created_at: "",
    parties: [
      {},
      { tel: "+1 (202) 555-0101", name: "Bob" },
      { mailto: "Alice@example.com" },
      { name: "Bob" },
    ],
  };

  it.each([
    ["tel", "+12025550101", 1],
    ["tel", "tel:+1-202-555-0101", 1],
    ["mailto", "mailto:alice@EXAMPLE.com", 2],
    ["name", "Bob", 1],
    ["name", "bob", 1],
    ["name", "Bo", undefined],
    ["tel", "+12025550102", undefined],
    ["name", "", undefined],
  ] as const)("finds %s %j at %j", (by, value, expected) => {
    expect(findPartyIndex(vcon, by, value)).toBe(expected);
  });

  it("finds nobody where there are no parties", () => {
    expect(findPartyIndex({ uuid: "", created_at: "" }, "name", "Bob")).toBeUndefined();
  });
});

describe("findPartyIndices", () => {
  const vcon = buildNew({
    parties: [
      { role: "agent", name: "Bob" },
      { tel: "+1 (202) 555-0101" },
      { meta: { role: "Supervisor" }, name: "Bob" },
      { role: "agent", tel: "tel:+12025550101" },
    ],
  });

  it.each([
    ["tel", "+1-202-555-0101", [1, 3]],
    ["name", "Bob", [0, 2]],
    ["name", "Alice", []],
    ["role", "agent", [0, 3]],
    ["role", " Supervisor ", [2]],
    ["role", "customer", []],
    ["role", "toString", []],
    ["role", "", []],
  ] as const)("finds every %s %j: %j", (by, value, expected) => {
    expect(findPartyIndices(vcon, by, value)).toEqual(expected);
  });

  it("finds the customer as the one who is not the agent", () => {
    const two = buildNew({ parties: [{ role: "agent" }, {}] });
    expect(findPartyIndices(two, "role", "customer")).toEqual([1]);
    expect(findPartyIndices(buildNew(), "role", "customer")).toEqual([]);
  });

  it("finds kindred roles, but guesses none", () => {
    const kindred = buildNew({ parties: [{ role: "contact" }, { role: "caller" }, { role: "bot" }] });
    expect(findPartyIndices(kindred, "role", "customer")).toEqual([0, 1]);
    expect(findPartyIndices(buildNew({ parties: [{}, {}] }), "role", "customer")).toEqual([]);
  });
});

describe("partyOfRole", () => {
  it.each([
    ["by the role", [{ role: "supervisor" }, { role: "Customer" }, { role: "agent" }], 2, 1],
    ["by the role in meta", [{ meta: { role: "customer" } }, { meta: { role: "agent" } }], 1, 0],
    ["by kindred roles", [{ role: "ai" }, { role: "contact" }], 0, 1],
    ["as the one that remains", [{ name: "A" }, { role: "customer" }], 0, 1],
    ["as the first of two without roles", [{}, {}], 1, 0],
    ["not among two with other roles", [{ role: "sme" }, {}], undefined, undefined],
    ["not among three without roles", [{}, {}, {}], undefined, undefined],
    ["not among none", [], undefined, undefined],
    ["whatever meta is", [{ meta: null }, { role: 5 as unknown as string }], 1, 0],
  ])("is found %s", (_, parties: Party[], agent, customer) => {
    expect(partyOfRole(parties, "agent")).toBe(agent);
    expect(partyOfRole(parties, "customer")).toBe(customer);
  });
});

describe("displayName", () => {
  it.each([
    [{ name: " Alice ", tel: "+12025550101" }, "Alice"],
    [{ name: "", mailto: "mailto:alice@example.com" }, "alice@example.com"],
    [{ tel: "tel:+12025550101", sip: "sip:a@example.com" }, "+12025550101"],
    [{ sip: "sip:a@example.com" }, "a@example.com"],
    [{ did: "did:example:1" }, "did:example:1"],
    [{ name: 5 as unknown as string }, undefined],
    [{}, undefined],
  ])("of %j is %j", (party: Party, expected) => {
    expect(displayName(party)).toBe(expected);
  });
});
