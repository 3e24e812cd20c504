/** Reads what a node's .html registers with the editor. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";
import { root } from "../support/node-red.ts";

export interface Widget {
  kind: string;
  options?: string[];
  types?: string[];
  columns?: Record<string, Widget>;
}
export interface Property {
  value?: unknown;
  /** Of the config node that it names. */
  type?: string;
  required?: boolean;
  validate?: (this: object, value: unknown) => boolean;
}
export interface Registration {
  category: string;
  icon: string;
  defaults: Record<string, Property>;
  credentials?: Record<string, { type: string }>;
  inputs?: number;
  outputs?: number;
  vconFields: Record<string, Widget>;
}

/** What the page registers, by type: its scripts are run, with nothing behind the editor's functions. */
export function registrationsIn(html: string): Map<string, Registration> {
  const found = new Map<string, Registration>();
  const RED = {
    nodes: { registerType: (type: string, registration: Registration) => found.set(type, registration) },
    validators: {
      number: () => (value: unknown) => value !== "" && Number.isFinite(Number(value)),
      typedInput: (typeField: string) =>
        function (this: Record<string, unknown>) {
          return typeof this[typeField] === "string";
        },
    },
  };
  const context = vm.createContext({ RED: answering(RED), $: nothing, jQuery: nothing, document: nothing });
  context["window"] = context;
  vm.runInContext(readFileSync(join(root, "resources/editor.js"), "utf8"), context);
  for (const script of scriptsIn(html)) vm.runInContext(script, context);
  return found;
}

export function scriptsIn(html: string): string[] {
  return [...html.matchAll(/<script type="text\/javascript">(.*?)<\/script>/gs)].map(([, script]) => script!);
}

/** Can be called, and has every member: itself. */
const nothing: object = new Proxy(() => undefined, {
  get: (_, name) => (name === Symbol.toPrimitive ? () => "" : nothing),
  apply: () => nothing,
});

/** An object that answers to all other names too. */
function answering(known: Record<string, object>): object {
  return new Proxy(known, {
    get: (target, name: string) => {
      const member = target[name];
      if (member === undefined) return nothing;
      return typeof member === "function" ? member : answering(member as Record<string, object>);
    },
  });
}
