/** Whether the examples are what the editor would have saved itself. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type FlowNode, root } from "../support/node-red.ts";
import { type Registration, registrationsIn, type Widget } from "./editor-half.ts";
import { readExamples } from "./examples.ts";

const examples = readExamples();
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const pages = (pattern: string) =>
  globSync(pattern, { cwd: root }).map((file) => readFileSync(join(root, file), "utf8"));
const ours = new Map(pages("dist/*.html").flatMap((html) => [...registrationsIn(html)]));
const core = ["node-red-4", "node-red-5"].map(
  (host) =>
    new Map(
      pages(`hosts/${host}/node_modules/@node-red/nodes/core/**/*.html`).flatMap((html) => [
        ...registrationsIn(html),
      ]),
    ),
);

/** What every node in a flow file has, besides the properties of its type. */
const OF_ALL = ["id", "type", "z", "x", "y", "wires"];
const OF_CONFIG = ["id", "type"];
const OPTIONAL = ["info", "l", "d", "g"];

describe("the examples together", () => {
  it("show every node", () => {
    const shown = new Set(examples.flatMap(({ nodes }) => nodes.map(({ type }) => type)));
    expect([...ours.keys()].filter((type) => !shown.has(type))).toEqual([]);
    expect(ours.size).toBe(Object.keys(manifest["node-red"].nodes).length);
  });

  it("use each id once, so that they can be imported side by side", () => {
    const ids = examples.flatMap(({ nodes }) => nodes.map(({ id }) => id));
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});

describe.each(examples)("the example $name", ({ name, text, nodes }) => {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const tabs = nodes.filter(({ type }) => type === "tab");
  const own = nodes.filter(({ type }) => ours.has(type));
  const others = nodes.filter(({ type }) => type !== "tab" && !ours.has(type));
  const placed = nodes.filter((node) => "z" in node);

  it("is one tab, named like its entry in the menu", () => {
    expect(tabs.map(({ label }) => label)).toEqual([name]);
    expect(placed.every(({ z }) => z === tabs[0]!.id)).toBe(true);
  });

  it("says what it does and what to set", () => {
    const comments = nodes.filter(({ type }) => type === "comment");
    expect(comments.length).toBeGreaterThan(0);
    for (const { info } of [...tabs, ...comments]) expect(String(info).length).toBeGreaterThan(40);
    expect(comments.some(({ info }) => String(info).includes("To set"))).toBe(true);
  });

  it("wires nodes that are there, from outputs that they have", () => {
    for (const node of placed) {
      const wires = node["wires"] as string[][];
      expect(
        wires.flat().filter((id) => byId.get(id)?.["z"] !== node["z"]),
        node.id,
      ).toEqual([]);
      const outputs = ours.get(node.type)?.outputs;
      if (outputs !== undefined) expect(wires.length, node.id).toBeLessThanOrEqual(outputs);
    }
  });

  it("gives our nodes the properties of their types, and no others", () => {
    for (const node of own) {
      const { category, defaults } = ours.get(node.type)!;
      const common = category === "config" ? OF_CONFIG : OF_ALL;
      expect(propertiesOf(node), node.id).toEqual([...common, ...Object.keys(defaults)].sort());
    }
  });

  it("gives the properties of our nodes values that the editor takes", () => {
    for (const node of own) expect(faultsOf(node, ours.get(node.type)!, byId)).toEqual([]);
  });

  it("gives core nodes what Node-RED 4 and 5 know", () => {
    for (const node of others) {
      for (const types of core) {
        const registration = types.get(node.type);
        expect(registration, `${node.type} is no core node`).toBeDefined();
        const missing = Object.keys(registration!.defaults).filter((property) => !(property in node));
        expect(missing, node.id).toEqual([]);
      }
      const known = core.flatMap((types) => Object.keys(types.get(node.type)!.defaults));
      expect(
        propertiesOf(node).filter((property) => ![...OF_ALL, ...known].includes(property)),
        node.id,
      ).toEqual([]);
    }
  });

  it("holds no credentials, and nobody's name, number or address", () => {
    expect(nodes.filter((node) => "credentials" in node)).toEqual([]);
    const numbers = text.match(/\+\d{7,}/g) ?? [];
    expect(numbers.filter((number) => !/^\+120255501\d\d$/.test(number))).toEqual([]);
    const addresses = text.match(/[\w.]+(@|%40)[\w.]+/g) ?? [];
    expect(addresses.filter((address) => !/(@|%40)example\.(com|org)$|user@host/.test(address))).toEqual([]);
  });

  it("stands on the grid, from left to right, with no node on another", () => {
    for (const { id, x, y } of placed) expect([id, Number(x) % 10, Number(y) % 20]).toEqual([id, 0, 0]);
    for (const one of placed) {
      for (const id of (one["wires"] as string[][]).flat()) {
        expect(left(byId.get(id)!), `${one.id} to ${id}`).toBeGreaterThan(Number(one["x"]));
      }
      const under = placed.filter((other) => other !== one && overlap(one, other));
      expect(under.map(({ id }) => `${one.id} on ${id}`)).toEqual([]);
    }
  });
});

function propertiesOf(node: FlowNode): string[] {
  return Object.keys(node)
    .filter((property) => !OPTIONAL.includes(property))
    .sort();
}

/** What the editor would mark: required and empty, invalid, a config node that is not there, no such choice. */
function faultsOf(node: FlowNode, registration: Registration, byId: Map<string, FlowNode>): string[] {
  const faults = Object.entries(registration.defaults).flatMap(([property, { required, validate, type }]) => {
    const value = node[property];
    const named = type !== undefined && value !== "" ? byId.get(String(value))?.type : type;
    return [
      ...(required && value === "" ? [`${node.id}.${property} is empty`] : []),
      ...(named === type ? [] : [`${node.id}.${property} names no ${type}`]),
      ...(validate?.call({ ...node, _def: registration }, value) === false
        ? [`${node.id}.${property} is invalid`]
        : []),
    ];
  });
  return [...faults, ...widgetFaults(node.id, node, registration.vconFields)];
}

function widgetFaults(
  path: string,
  values: Record<string, unknown>,
  widgets: Record<string, Widget>,
): string[] {
  return Object.entries(widgets).flatMap(([name, { kind, options = [], types = [], columns }]) => {
    const value = values[name];
    const here = `${path}.${name}`;
    if (kind === "choice") return options.includes(String(value)) ? [] : [`${here} is no choice`];
    if (kind === "several") {
      return (value as string[]).every((key) => options.includes(key)) ? [] : [`${here} is no choice`];
    }
    if (kind === "typed" || kind === "drawn") {
      const possible = kind === "drawn" ? [...options, "jsonata"] : types;
      return possible.includes(String(values[`${name}Type`])) ? [] : [`${here}Type is none of its types`];
    }
    if (kind !== "rows") return [];
    return (value as Record<string, unknown>[]).flatMap((row, index) => [
      ...Object.keys(row)
        .filter((property) => !(property.replace(/Type$/, "") in columns!))
        .map((property) => `${here}[${index}] has a property ${property}`),
      ...widgetFaults(`${here}[${index}]`, row, columns!),
    ]);
  });
}

/** About as wide as the editor draws it: 7 pixels a letter beside the icon and the ports, in steps of the grid. */
function width({ type, name, url }: FlowNode): number {
  const label = String(name || url || type.replace(/^vcon-/, ""));
  return Math.max(100, 20 * Math.ceil((label.length * 7 + 50) / 20));
}

function left(node: FlowNode): number {
  return Number(node["x"]) - width(node) / 2;
}

function overlap(one: FlowNode, other: FlowNode): boolean {
  const apart = Math.abs(Number(one["x"]) - Number(other["x"]));
  return one["y"] === other["y"] && apart < (width(one) + width(other)) / 2;
}
