/** A list that a parameter names. */
import type { ApiContext } from "../call.ts";
import { type Way, wayOf } from "../work/ways.ts";
import { located } from "./located.ts";

/** @throws ApiError 422 for a name that can't be one */
export function listNamed(api: ApiContext, parameter: string, name: string): Promise<Way> {
  return located(["query", parameter], () => wayOf(api, name));
}
