/** What a node is and does, declared once: its type, form, outputs, and the work on one vCon. */
import type {
  Addition,
  AnyVcon,
  ConsumeOptions,
  Consumer,
  Delivery,
  Handle,
  Part,
  Recipient,
  TakenJob,
  TrailEvent,
  Vcon,
  VconView,
} from "../../core/index.ts";
import type { ConfigOf, Fields } from "./fields.ts";
import type { Offer } from "./http.ts";
import type { RunningFlows } from "./running-flows.ts";

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
   * @param recipient who sees data of the vCon by it: goes into the trail once, however many calls name the same
   *   object and whether the work succeeds or not; what it cost may be added to it as answers come
   */
  outside<Result>(
    system: string,
    work: (signal: AbortSignal) => Promise<Result>,
    recipient?: Recipient,
  ): Promise<Result>;
  /** Evaluates JSONata over a value, with Node-RED's own functions. */
  jsonata(expression: string, data: unknown): Promise<unknown>;
  /** Where relative paths begin, as for Node-RED's own file nodes. */
  workingFolder: string;
}

export interface StepCall<F extends Fields> extends Call<F> {
  vcon: VconView;
  /**
   * The UUID for the copy that this node makes of the vCon as it is now: the same when the message comes again, another
   * once the vCon has changed. For a step that reads "sealed".
   * @param kind tells what is made, where settings or message decide it; holds nothing personal, for the store keeps it
   */
  copyUuid(kind?: string): Promise<string>;
  /** For a step that reads nothing: @throws VconError `VCON_NOT_FOUND` where the store does not have the vCon */
  present(): Promise<void>;
  /** How UUIDs leave this flow. */
  delivery(): Promise<Delivery>;
  /**
   * The same whenever this node gets this vCon by the same job of a queue, so that what was handed on before is not
   * handed on twice; undefined for a message that no job has begun.
   */
  key: string | undefined;
}

/** The parts that a step reads: always the same, or as its config says. */
export type Reads<F extends Fields> =
  | readonly Part[]
  | { bivarianceHack(config: ConfigOf<F>): readonly Part[] }["bivarianceHack"];

/** What a step leaves behind. */
export interface StepResult {
  /** Appended to the vCon. */
  add?: Addition;
  /**
   * Takes the vCon's place: the same conversation in another form, such as signed. For a step that reads "sealed"; it
   * is run again if the vCon was changed meanwhile.
   */
  replace?: AnyVcon;
  /** A vCon made of this one, which stays as it is; the message goes on with the new one's UUID. */
  copy?: Vcon;
  /** Who can read the vCon by what the step has done: goes into the trail. For a system that is told no more than the UUID. */
  sentTo?: Recipient;
  /** Properties to set on the message. */
  message?: Record<string, unknown>;
}

export interface StepDefinition<F extends Fields = Fields> extends Common<F> {
  family: "transforms" | "projections" | "delivery";
  /** Only these parts are loaded. */
  reads: Reads<F>;
  /** Talks to a system outside, so that a time limit and a number at once can be set. */
  outside?: boolean;
  /** Seconds that one attempt at the system outside may take, as long as nobody sets another limit; 60 if not given. */
  timeLimit?: number;
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
  /** Returns the name of the output that fits, or with it properties to set on the message. */
  run(call: FilterCall<F>): Decision<NoInfer<Output>> | Promise<Decision<NoInfer<Output>>>;
}

export type FilterCall<F extends Fields> = Omit<StepCall<F>, "copyUuid" | "present" | "delivery" | "key">;

export type Decision<Output extends string = string> =
  | Output
  | { output: Output; message: Record<string, unknown> };

/** What a destination is given of one vCon. */
export interface Outgoing<Content = unknown> {
  content: Content;
  /** Who sees it: goes into the trail. */
  recipient: Recipient;
  /**
   * Known before anything leaves, so that a copy whose fate is unknown can be erased too. Names the place as well,
   * so that `erase` can tell when the node has been set to another one since.
   */
  handle: Handle;
}

/** One vCon's share of a batch. */
export interface Item<Content = unknown> {
  uuid: string;
  content: Content;
  handle: Handle;
}

/**
 * What became of an item: it arrived, under the handle that was drawn or another one, or it did not; where the error
 * is transient, it is sent again.
 */
export type Outcome = Handle | Error | undefined;

/** How many vCons go together at most, as the config says. */
type Most<F extends Fields> = { bivarianceHack(config: ConfigOf<F>): number }["bivarianceHack"];

export interface DestinationDefinition<F extends Fields = Fields, Content = unknown> extends Common<F> {
  family: "projections";
  /** Only these parts are loaded. */
  reads: Reads<F>;
  /** The system outside, as errors name it. */
  system: string;
  /** Where not given, every vCon goes alone. */
  batch?: {
    /**
     * How many vCons go together at most. With a typed field each message has a config of its own, and what has
     * another config goes in another batch.
     */
    most: number | Most<F>;
    /** How many batches are on their way at the same time; as many as the form says where not given. */
    atOnce?: number;
  };
  /** Makes what is sent, and refuses what can't be; nothing leaves here. Returns nothing where there is nothing to do. */
  draw(
    call: Omit<StepCall<F>, "outside" | "copyUuid" | "present" | "delivery" | "key"> & {
      /** The handle under which this node has sent this vCon last, as far as the trail says. */
      before(): Promise<Handle | undefined>;
    },
  ): Outgoing<Content> | undefined | Promise<Outgoing<Content> | undefined>;
  /**
   * Sends once, within the node's time limit; the kit sends again what may pass. Answers nothing where all arrived,
   * else the outcome of each item in their order.
   * @throws for the batch as a whole; a StepError with `oneOfBatch` makes the kit send it in smaller ones. Where a part
   *   may have arrived, answer outcomes instead: of a system that is not reached, the trail says nothing
   */
  send(sending: {
    config: ConfigOf<F>;
    items: readonly Item<Content>[];
    signal: AbortSignal;
  }): Promise<readonly Outcome[] | undefined>;
  /** Erases one copy. One that is gone already is no error. */
  erase(erasing: {
    config: ConfigOf<F>;
    uuid: string;
    handle: Handle;
    /** Where relative paths begin. */
    workingFolder: string;
    signal: AbortSignal;
  }): Promise<void>;
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

/** A vCon that was found, not read yet. */
export interface Found {
  /** Where it was found: set on its message, and on the one that a Catch node gets if it fails. */
  message: Record<string, unknown>;
  /**
   * @param uuidFor the UUID for one that has none: the same for every call with that name
   * @returns undefined where it is there no more, which is no error
   * @throws what is wrong with it; the next one is read all the same
   */
  read(
    uuidFor: (source: string) => Promise<string>,
  ): Promise<{ uuid: string; vcon: AnyVcon; message?: Record<string, unknown> } | undefined>;
  /** Whether it goes on even if the store has had it before. */
  again: boolean;
  /** When it is stored and its message, if it gets one, is sent. */
  settle?(): Promise<void>;
  /** When it could not be read or stored. */
  fail?(error: Error): Promise<void>;
}

export interface CollectorDefinition<F extends Fields = Fields> extends Common<F> {
  family: "adapters";
  /** Finds what the message names, until the signal aborts. */
  collect(call: Call<F> & { signal: AbortSignal }): AsyncIterable<Found>;
  /**
   * Finds by itself, from when the flows have started until the signal aborts; begun again, after a pause, where it
   * throws. Undefined where the config does not ask for it.
   */
  watch(
    call: Omit<Call<F>, "message" | "outside"> & {
      signal: AbortSignal;
      /** To be called whenever looking works, also where there is nothing: what it threw before is over. */
      works(): void;
    },
  ): AsyncIterable<Found> | undefined;
}

/** What came by a way of delivery. */
export interface Arrival<Output extends string = string> {
  output: Output;
  message: Record<string, unknown>;
}

export interface ReceiveCall<F extends Fields, Output extends string = string> {
  config: ConfigOf<F>;
  delivery: Delivery;
  /** Names the node, the same in every process that runs this flow. */
  node: string;
  hand(arrival: Arrival<Output>): void;
  /** Logs what came and can't go on. */
  refuse(error: Error): void;
  /** Tells the node's status and log why nothing comes for the time being, and undefined once that is over. */
  fault(error: Error | undefined): void;
}

/** Where jobs come: the kit sends each on as a message, follows that through the flow, and settles the job. */
export interface JobCall<F extends Fields> {
  config: ConfigOf<F>;
  delivery: Delivery;
  options: ConsumeOptions;
  take(job: TakenJob): void;
}

/** Takes what comes from elsewhere, or ends what did; what it gets by message is no vCon's UUID. */
export interface ReceiverDefinition<F extends Fields = Fields, Output extends string = string>
  extends Common<F> {
  family: "delivery";
  outputs: readonly Output[];
  /** Of a node that works without a store. */
  withoutStore?: true;
  /** From when the flows have started until it is stopped. Called again after a pause where it throws. */
  receive?(call: ReceiveCall<F, NoInfer<Output>>): Consumer;
  /** Like `receive`, for what is to be acknowledged once the flow has finished; such a node has one output. */
  consume?(call: JobCall<F>): Consumer;
  /** Does what a message asks for, and answers the output that it goes on to; undefined where it ends here. */
  answer?(
    call: Omit<Call<F>, "outside"> & {
      delivery(): Promise<Delivery>;
      /**
       * Ends the job that the message belongs to, which is done, or has failed for the given reason; does nothing for a
       * message that no job has begun.
       */
      finish(reason?: string): void;
    },
  ): Answer<NoInfer<Output>> | Promise<Answer<NoInfer<Output>>>;
}

/** The output, and properties to set on the message. */
export type Answer<Output extends string = string> =
  | { output: Output; message: Record<string, unknown> }
  | undefined;

/** What a config node has of the Node-RED that it is in. */
export interface ConfigHost {
  userFolder: string;
  /** Imports the client, or a part of it by its path. @throws StepError that says how to install it */
  load<Module>(path: string): Promise<Module>;
  /** The node, as the trail names it. */
  node: NonNullable<TrailEvent["node"]>;
  flows: RunningFlows;
  /** Answers requests on Node-RED's own HTTP server, until the function that it returns is called. */
  offer(offered: Offer): () => void;
  log(text: string): void;
  warn(text: string): void;
}

export interface ConfigDefinition<F extends Fields = Fields, Service = unknown> extends Common<F> {
  family: "config";
  /** The client that is not installed with the package, with its version: Node-RED installs it with the flow. */
  client?: { module: string; version: string };
  /** Opens when the flows have started, since no other node uses it. */
  byItself?: true;
  /** Opens what other nodes use; called again, at the next use, after it failed. */
  open(config: ConfigOf<F>, host: ConfigHost): Service | Promise<Service>;
  close?(service: Service): void | Promise<void>;
}

/** A node that takes messages. */
export type FlowDefinition<F extends Fields = Fields> =
  | StepDefinition<F>
  | DestinationDefinition<F>
  | FilterDefinition<F>
  | AdapterDefinition<F>
  | CollectorDefinition<F>
  | ReceiverDefinition<F>;
export type NodeDefinition = FlowDefinition | ConfigDefinition;
export type Family = NodeDefinition["family"];

/** Whether the node writes to a system outside, and can erase there. */
export const isDestination = (definition: NodeDefinition): definition is DestinationDefinition =>
  "send" in definition;

/** Whether the node may find many vCons at once, or some by itself. */
export const isCollector = (definition: NodeDefinition): definition is CollectorDefinition =>
  "collect" in definition;

/** Whether the node takes what comes from elsewhere, or ends what did, and no vCon's UUID. */
export const isReceiver = (definition: NodeDefinition): definition is ReceiverDefinition =>
  definition.family === "delivery" && "outputs" in definition;

/** Whether messages can be wired to the node. */
export const takesMessages = (definition: NodeDefinition): boolean =>
  !isReceiver(definition) || definition.answer !== undefined;

/** Whether vCons leave the flow by the node, or end there. */
export const leadsOut = (definition: NodeDefinition): boolean =>
  isDestination(definition) ||
  (definition.family === "delivery" && (!isReceiver(definition) || definition.outputs.length === 0));

/** The names of the node's outputs; every node that passes its message on has one, "done". */
export const outputsOf = (definition: NodeDefinition): readonly string[] =>
  "outputs" in definition ? definition.outputs : ["done"];

/** Whether the node talks to a system outside. */
export function goesOutside(definition: NodeDefinition): boolean {
  return isDestination(definition) || ("outside" in definition && definition.outside === true);
}

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

/** Writes something of a vCon to a system outside, where it can be found again and erased. */
export const destination = <F extends Fields, Content>(
  definition: Declared<DestinationDefinition<F, Content>>,
): DestinationDefinition<F> => ({ ...definition, family: "projections" }) as DestinationDefinition<F>;

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

/** Gathers vCons that exist already, many for one message or by itself. */
export const collector = <F extends Fields>(
  definition: Declared<CollectorDefinition<F>>,
): CollectorDefinition<F> => ({ ...definition, family: "adapters" });

/** Hands a vCon's UUID to another flow, process or program. */
export const sender = <F extends Fields>(definition: Declared<StepDefinition<F>>): StepDefinition<F> => ({
  ...definition,
  family: "delivery",
});

/** Takes what comes from another flow, process or program, or ends it. */
export const receiver = <F extends Fields, const Output extends string>(
  definition: Declared<ReceiverDefinition<F, Output>>,
): ReceiverDefinition<F> => ({ ...definition, family: "delivery" }) as ReceiverDefinition<F>;

/** Holds a connection that other nodes share. */
export const config = <F extends Fields, Service>(
  definition: Declared<ConfigDefinition<F, Service>>,
): ConfigDefinition<F, Service> => ({ ...definition, family: "config" });
