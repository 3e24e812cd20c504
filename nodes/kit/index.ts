/** What a node is written with. */
export * from "./definition.ts";
export * from "./errors.ts";
export * from "./fields.ts";
export type { Offer } from "./http.ts";
export { register } from "./register.ts";
export { inTurn } from "./turns.ts";
