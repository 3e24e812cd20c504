/** The fields that the kit adds to a node's own, and works by. */
import type { VconStore } from "../../core/index.ts";
import { type DestinationDefinition, goesOutside, type NodeDefinition } from "./definition.ts";
import { number, service, typed } from "./fields.ts";

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
