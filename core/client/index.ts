/** A client of the vCon API. */
export * from "./client.ts";
export { VconApiError } from "./error.ts";
