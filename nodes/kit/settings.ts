/** Checks what a flow file holds for a node and turns it into the config that `run` gets. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import { StepError } from "./errors.ts";
import type { ConfigOf, Field, Fields, ListField, RowsField, ServiceField, TypedField } from "./fields.ts";
import { propertyOf } from "./message.ts";

type Message = Record<string, unknown>;
/** A value that is the same for every message, or how to find it for one. */
type Setting = { fixed: unknown } | { find: (message: Message) => unknown };

/** A config node as other nodes use it. */
export interface ServiceNode extends Node {
  service(): Promise<unknown>;
  /** Those who use the service; it closes after them, whichever Node-RED closes first. */
  users: Set<{ close(): Promise<void> }>;
}

export class Settings<F extends Fields> {
  /** The config nodes that these settings name. */
  readonly services: readonly ServiceNode[];
  readonly #settings: [name: string, setting: Setting][];
  /** The config, where it is the same for every message. */
  readonly fixed: ConfigOf<F> | undefined;

  constructor(settings: [name: string, setting: Setting][], services: readonly ServiceNode[]) {
    this.services = services;
    this.#settings = settings;
    if (settings.every(([, setting]) => "fixed" in setting)) {
      this.fixed = Object.fromEntries(
        settings.map(([name, setting]) => [name, "fixed" in setting && setting.fixed]),
      ) as never;
    }
  }

  /** The config for one message, typed inputs evaluated. A promise only where it takes one. */
  for(message: Message): ConfigOf<F> | Promise<ConfigOf<F>> {
    return this.fixed ?? this.#find(message);
  }

  #find(message: Message): ConfigOf<F> | Promise<ConfigOf<F>> {
    const values = together(
      this.#settings.map(([, setting]) => ("fixed" in setting ? setting.fixed : setting.find(message))),
    );
    return values instanceof Promise ? values.then((ready) => this.#named(ready)) : this.#named(values);
  }

  #named(values: unknown[]): ConfigOf<F> {
    return Object.fromEntries(this.#settings.map(([name], index) => [name, values[index]])) as never;
  }
}

/** All of the values; a promise only where one of them is. */
function together(values: unknown[]): unknown[] | Promise<unknown[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : values;
}

/** @throws StepError naming the first field that can't be used, and why */
export function readSettings<F extends Fields>(
  RED: NodeAPI,
  node: Node,
  fields: F,
  raw: NodeDef,
): Settings<F> {
  const reader = new SettingsReader(RED, node);
  return reader.settings(fields, { ...raw, ...(node.credentials as object) });
}

/** The config node that the field names. @throws StepError if there is none */
export function serviceNode(RED: NodeAPI, field: ServiceField, id: unknown): ServiceNode {
  const node = RED.nodes.getNode(String(id)) as ServiceNode | null;
  if (typeof node?.service !== "function" || node.type !== field.type)
    throw invalid(field, "is not set, or its node was deleted");
  return node;
}

class SettingsReader {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #services: ServiceNode[] = [];

  constructor(RED: NodeAPI, node: Node) {
    this.#RED = RED;
    this.#node = node;
  }

  settings<F extends Fields>(fields: F, raw: Message): Settings<F> {
    return new Settings(this.#read(fields, raw), this.#services);
  }

  #read(fields: Fields, raw: Message): [string, Setting][] {
    return Object.entries(fields)
      .filter(([, field]) => isShown(field, fields, raw))
      .map(([name, field]) => [name, this.#setting(field, name, raw)]);
  }

  #setting(field: Field, name: string, raw: Message): Setting {
    const value = raw[name] ?? field.default;
    if (field.required && (value === "" || (Array.isArray(value) && value.length === 0))) {
      throw invalid(field, "is not set");
    }
    switch (field.kind) {
      case "text":
      case "secret":
        return { fixed: this.#withEnvironment(field, value) };
      case "number":
        return { fixed: inRange(field, Number(this.#withEnvironment(field, value))) };
      case "choice":
        if (!Object.hasOwn(field.options, String(value)))
          throw invalid(field, "holds a value that does not exist");
        return { fixed: value };
      case "several":
        return { fixed: asArray(field, value).filter((key) => Object.hasOwn(field.options, String(key))) };
      case "toggle":
        return { fixed: value === true || value === "true" };
      case "list":
        return { fixed: this.#list(field, asArray(field, value)) };
      case "rows":
        return this.#rows(field, asArray(field, value) as Message[]);
      case "typed":
        return this.#typed(field, splitTyped(field, name, raw));
      case "drawn":
        return { fixed: this.#drawn(field, splitTyped(field, name, raw)) };
      case "service":
        return this.#service(serviceNode(this.#RED, field, value));
    }
  }

  /** The entries that say something: the form may leave empty ones behind. */
  #list(field: ListField, entries: unknown[]): string[] {
    const filled = entries
      .map((entry) => this.#withEnvironment(field, entry).trim())
      .filter((entry) => entry !== "");
    if (field.required && filled.length === 0) throw invalid(field, "is not set");
    return filled;
  }

  #rows(field: RowsField, rows: Message[]): Setting {
    const settings = rows.map((row) => this.settings(field.columns, row));
    const fixed = settings.flatMap((row) => row.fixed ?? []);
    if (fixed.length === settings.length) return { fixed };
    return { find: (message) => together(settings.map((row) => row.for(message))) };
  }

  #typed(field: TypedField, { type, value }: { type: string; value: string }): Setting {
    const RED = this.#RED;
    const node = this.#node;
    if (type === "str") return { fixed: this.#withEnvironment(field, value) };
    if (type === "msg") return { find: (message) => propertyOf(RED, message, value) };
    return {
      find: (message) =>
        new Promise((resolve, reject) => {
          const fail = () => reject(invalid(field, "can't be evaluated over this message"));
          // What can't be read at all is thrown, what fails over this message comes back.
          try {
            RED.util.evaluateNodeProperty(value, type, node, message as never, (error, result) =>
              error ? fail() : resolve(result),
            );
          } catch {
            fail();
          }
        }),
    };
  }

  #service(node: ServiceNode): Setting {
    this.#services.push(node);
    return { fixed: () => node.service() };
  }

  #drawn(field: Field & { options: object }, drawn: { type: string; value: string }): unknown {
    if (drawn.type !== "jsonata" && !Object.hasOwn(field.options, drawn.type)) {
      throw invalid(field, "holds a value that does not exist");
    }
    return drawn;
  }

  #withEnvironment(field: Field, value: unknown): string {
    return withEnvironment(this.#RED, this.#node, String(value ?? ""), (name) => {
      throw invalid(field, `names the environment variable ${name}, which is not set`);
    });
  }
}

/**
 * Replaces `${NAME}`; Node-RED does that only for a whole value, and leaves a name that nobody set.
 * @param missing says what stands for such a name
 */
export function withEnvironment(
  RED: NodeAPI,
  node: Node,
  text: string,
  missing: (name: string) => string,
): string {
  return text.replace(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => {
    const found = RED.util.evaluateNodeProperty(name, "env", node, {} as never) as unknown;
    return found === undefined || found === "" ? missing(name) : String(found);
  });
}

/** Whether the form shows the field for these values; a hidden one counts for nothing. */
function isShown(field: Field, fields: Fields, raw: Message): boolean {
  return Object.entries(field.shownWhen ?? {}).every(([name, values]) =>
    [values].flat().some((value) => value === (raw[name] ?? fields[name]?.default)),
  );
}

/** A typed input lies in two properties; in the default the type comes before a colon. */
function splitTyped(field: TypedField | (Field & { kind: "drawn" }), name: string, raw: Message) {
  const colon = field.default.indexOf(":");
  return {
    type: String(raw[`${name}Type`] ?? field.default.slice(0, colon)),
    value: String(raw[name] ?? field.default.slice(colon + 1)),
  };
}

function inRange(field: Field & { kind: "number" }, value: number): number {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = field;
  if (!(value >= min && value <= max)) throw invalid(field, "is not a number in the range that is allowed");
  return value;
}

function asArray(field: Field, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw invalid(field, "is not a list");
  return value;
}

function invalid(field: Field, problem: string): StepError {
  return new StepError(`"${field.label}" ${problem}. Open the node and set it.`, { code: "NOT_CONFIGURED" });
}
