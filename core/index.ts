/** The public face of core: import "@vcon/node-red/core". */
export * from "./client/index.ts";
export * from "./delivery/delivery.ts";
export * from "./delivery/queue.ts";
export * from "./errors.ts";
export { isConnectionCode, isTransientStatus, parseRetryAfter } from "./network.ts";
export * from "./observed.ts";
export * from "./store/body.ts";
export { sameIdentity } from "./store/identity.ts";
export { isInStore } from "./store/is-in-store.ts";
export type { Notes } from "./store/notes.ts";
export { observedStore } from "./store/observed-store.ts";
export { type OpenOptions, openStore } from "./store/open.ts";
export { readAgain } from "./store/read-again.ts";
export {
  type SearchOptions,
  type SearchQuery,
  type SearchResult,
  searchVcons,
} from "./store/search.ts";
export * from "./store/store.ts";
export { streamVcon } from "./store/stream.ts";
export { tagsOf } from "./store/tags-of.ts";
export { messageTexts, transcriptTexts } from "./store/texts-of.ts";
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
