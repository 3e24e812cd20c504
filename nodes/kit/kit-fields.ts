/** The fields that the kit adds to a node's own, and works by. */
import type { VconStore } from "../../core/index.ts";
import { type DestinationDefinition, goesOutside, isReceiver, type NodeDefinition } from "./definition.ts";
import { choice, number, service, typed } from "./fields.ts";
import type { Until } from "./following/run.ts";

export interface KitFields {
  store?: ReturnType<typeof service<VconStore>>;
  uuid?: ReturnType<typeof typed>;
  atOnce?: ReturnType<typeof number>;
  timeLimit?: ReturnType<typeof number>;
  attempts?: ReturnType<typeof number>;
  pause?: ReturnType<typeof number>;
  until?: ReturnType<typeof choice<Until>>;
}

/** The kit's own fields in this node's form. */
export function kitFields(definition: NodeDefinition): KitFields {
  if (definition.family === "config") return {};
  if ("withoutStore" in definition && definition.withoutStore) return {};
  const store = service<VconStore>("vcon-store", { label: "Store", icon: "database" });
  const uuid = typed({
    label: "UUID in",
    icon: "envelope-o",
    types: ["msg"],
    default: "msg:payload",
    required: true,
  });
  if (isReceiver(definition)) return { store, ...(definition.consume && jobFields()) };
  const { batch } = definition as Partial<DestinationDefinition>;
  const atOnce = number({
    label: "At once",
    icon: "tasks",
    default: 4,
    min: 1,
    max: 1000,
    hint: batch ? "batches at the same time" : "vCons at the same time",
  });
  const timeLimit = number({
    label: "Time limit",
    icon: "clock-o",
    default: ("timeLimit" in definition && definition.timeLimit) || 60,
    min: 1,
    max: 86_400,
    hint: "seconds",
  });
  return {
    store,
    ...(definition.family !== "adapters" && { uuid }),
    ...(goesOutside(definition) && batch?.atOnce === undefined && { atOnce }),
    ...(goesOutside(definition) && { timeLimit }),
  };
}

/** How jobs are taken, and when they count as done. */
function jobFields(): KitFields {
  const atOnce = number({
    label: "At once",
    icon: "tasks",
    default: 10,
    min: 1,
    max: 1000,
    hint: "vCons in the flow at the same time",
  });
  const until = choice<Until>(
    { branches: "Every branch of the flow has finished", finish: "A finish node is reached" },
    { label: "Done when", icon: "flag-checkered" },
  );
  const timeLimit = number({
    label: "Time limit",
    icon: "clock-o",
    default: 600,
    min: 1,
    max: 604_800,
    hint: "seconds for the whole flow",
  });
  const attempts = number({
    label: "Attempts",
    icon: "repeat",
    default: 8,
    min: 1,
    max: 1000,
    hint: "before it is given up",
  });
  const pause = number({
    label: "Pause",
    icon: "hourglass-half",
    default: 5,
    min: 0,
    max: 300,
    hint: "seconds, twice as long after each, up to 300",
  });
  return { atOnce, until, timeLimit, attempts, pause };
}
