/** What a node is and does, declared once: its type, form, outputs, and the work on one vCon. */
import type { Addition, AnyVcon, Part, Recipient, VconStore, VconView } from "../../core/index.ts";
import { type ConfigOf, type Fields, number, service, typed } from "./fields.ts";

interface Common<F extends Fields> {
  /** Prefixed `vcon-`; never changed once it is published. */
  type: `vcon-${string}`;
  /** In the palette; lower case. */
  label: string;
  /** A file of icons/, or `font-awesome/fa-...`. */
  icon: string;
  fields: F;
}

/** The work on one message, as far as a node's `run` sees it. */
export interface Call<F extends Fields> {
  config: ConfigOf<F>;
  /** The incoming message; read, never written. */
  message: Readonly<Record<string, unknown>>;
  /**
   * Does work at a system outside: within the node's time limit, again after a failure that may pass, and with
   * errors in our own words that name the system. The signal aborts at the time limit or when the node closes.
   * @param recipient who sees data of the vCon by it: goes into the trail, whether the work succeeds or not
   */
  outside<Result>(
    system: string,
    work: (signal: AbortSignal) => Promise<Result>,
    recipient?: Recipient,
  ): Promise<Result>;
  /** Evaluates JSONata over a value, with Node-RED's own functions. */
  jsonata(expression: string, data: unknown): Promise<unknown>;
}

export interface StepCall<F extends Fields> extends Call<F> {
  vcon: VconView;
}

/** The parts that a step reads: always the same, or as its config says. */
export type Reads<F extends Fields> =
  | readonly Part[]
  | { bivarianceHack(config: ConfigOf<F>): readonly Part[] }["bivarianceHack"];

/** What a step leaves behind. */
export interface StepResult {
  /** Appended to the vCon. */
  add?: Addition;
  /** Properties to set on the message. */
  message?: Record<string, unknown>;
}

export interface StepDefinition<F extends Fields = Fields> extends Common<F> {
  family: "transforms" | "projections";
  /** Only these parts are loaded. */
  reads: Reads<F>;
  /** Talks to a system outside, so that a time limit and a number at once can be set. */
  outside?: boolean;
  /**
   * Returns nothing where there was nothing to do. A generator's results are kept one by one, so that what was
   * paid for before a failure is not paid for again.
   */
  run(
    call: StepCall<F>,
  ): StepResult | undefined | Promise<StepResult | undefined> | AsyncIterable<StepResult>;
}

export interface FilterDefinition<F extends Fields = Fields, Output extends string = string>
  extends Common<F> {
  family: "filters";
  /** Only these parts are loaded; none where the UUID alone decides. */
  reads: Reads<F>;
  outputs: readonly Output[];
  /** Returns the name of the output that fits. */
  run(call: StepCall<F>): NoInfer<Output> | Promise<NoInfer<Output>>;
}

export interface AdapterDefinition<F extends Fields = Fields> extends Common<F> {
  family: "adapters";
  outside?: boolean;
  /**
   * The conversation's name in the system that it comes from, so that an event that arrives twice makes one
   * vCon; undefined where it has none.
   */
  source?(call: Call<F>): string | undefined;
  /** Makes the vCon, under the given UUID. */
  run(call: Call<F> & { uuid: string }): AnyVcon | Promise<AnyVcon>;
}

export interface ConfigDefinition<F extends Fields = Fields, Service = unknown> extends Common<F> {
  family: "config";
  /** Opens what other nodes use; called again, at the next use, after it failed. */
  open(config: ConfigOf<F>, host: { userFolder: string }): Service | Promise<Service>;
  close?(service: Service): void | Promise<void>;
}

/** A node that takes messages. */
export type FlowDefinition<F extends Fields = Fields> =
  | StepDefinition<F>
  | FilterDefinition<F>
  | AdapterDefinition<F>;
export type NodeDefinition = FlowDefinition | ConfigDefinition;
export type Family = NodeDefinition["family"];

type Declared<Definition> = Omit<Definition, "family">;

/** Adds to a vCon. */
export const transform = <F extends Fields>(definition: Declared<StepDefinition<F>>): StepDefinition<F> => ({
  ...definition,
  family: "transforms",
});

/** Draws from a vCon and writes somewhere else. */
export const projection = <F extends Fields>(definition: Declared<StepDefinition<F>>): StepDefinition<F> => ({
  ...definition,
  family: "projections",
});

/** Sends a vCon's UUID to the output that fits; changes nothing. */
export const filter = <F extends Fields, const Output extends string>(
  definition: Declared<FilterDefinition<F, Output>>,
): FilterDefinition<F, Output> => ({ ...definition, family: "filters" });

/** Makes a vCon out of something foreign. */
export const adapter = <F extends Fields>(
  definition: Declared<AdapterDefinition<F>>,
): AdapterDefinition<F> => ({
  ...definition,
  family: "adapters",
});

/** Holds a connection that other nodes share. */
export const config = <F extends Fields, Service>(
  definition: Declared<ConfigDefinition<F, Service>>,
): ConfigDefinition<F, Service> => ({ ...definition, family: "config" });

/** The fields that the kit adds to a node's own, and works by. */
export interface KitFields {
  store?: ReturnType<typeof service<VconStore>>;
  uuid?: ReturnType<typeof typed>;
  atOnce?: ReturnType<typeof number>;
  timeLimit?: ReturnType<typeof number>;
}

/** The kit's own fields in this node's form. */
export function kitFields(definition: NodeDefinition): KitFields {
  if (definition.family === "config") return {};
  const store = service<VconStore>("vcon-store", { label: "Store", icon: "database" });
  const uuid = typed({
    label: "UUID in",
    icon: "envelope-o",
    types: ["msg"],
    default: "msg:payload",
    required: true,
  });
  const outside = {
    atOnce: number({
      label: "At once",
      icon: "tasks",
      default: 4,
      min: 1,
      max: 1000,
      hint: "vCons at the same time",
    }),
    timeLimit: number({
      label: "Time limit",
      icon: "clock-o",
      default: 60,
      min: 1,
      max: 86_400,
      hint: "seconds",
    }),
  };
  return {
    store,
    ...(definition.family === "adapters" ? {} : { uuid }),
    ...("outside" in definition && definition.outside ? outside : {}),
  };
}
