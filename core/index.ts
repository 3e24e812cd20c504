/** The public face of core: import "@vcon/node-red/core". */
export * from "./delivery/delivery.ts";
export * from "./delivery/queue.ts";
export * from "./errors.ts";
export { isConnectionCode, isTransientStatus, parseRetryAfter } from "./network.ts";
export * from "./store/body.ts";
export { type OpenOptions, openStore } from "./store/open.ts";
export { readAgain } from "./store/read-again.ts";
export * from "./store/store.ts";
export { streamVcon } from "./store/stream.ts";
export { tagsOf } from "./store/tags-of.ts";
export {
  type FoundParts,
  type Head,
  type Part,
  SECTIONS,
  type Section,
  typeOf,
  VconView,
} from "./store/view.ts";
export { WHOLE_PARTS, wholeOf } from "./store/whole.ts";
export { categoriesOf } from "./trail/categories.ts";
export * from "./trail/event.ts";
export * from "./vcon/index.ts";
