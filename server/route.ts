/** What a route of the API is, declared once: how it is found, who may use it, what it takes and what it answers. */
import type { Static, TObject, TSchema } from "typebox";
import type { Answer } from "./answer.ts";
import type { Call } from "./call.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export const RIGHTS = ["read", "write", "admin"] as const;
export type Right = (typeof RIGHTS)[number];

/** Who may use a route: whoever has the right, everybody, or whoever has a key of the list that is named. */
export type Access = Right | "open" | "ingress";

/** What is told of a body, of a request or an answer. */
export interface Content {
  /** Its media type; "application/json" if not given. */
  type?: string;
  schema: TSchema;
}

/** What is told of an answer. */
export interface AnswerTold {
  says: string;
  /** Of an error, the shape that errors have if not given. */
  content?: readonly Content[];
  /** Headers that it always has. */
  headers?: Record<string, string>;
  /** Headers that it may have. */
  headersMaybe?: Record<string, string>;
}

export interface Route<Params extends TObject = TObject, Query extends TObject = TObject> {
  method: Method;
  /** Parameters begin with a colon: "/vcon/:uuid". */
  path: string;
  /** Those of the conserver answer outside of the API's path, too, and have its errors; those of v1 problem details. */
  style: "conserver" | "v1";
  /** A name for the operation that no other route has, in camel case. */
  operation: string;
  /** In a short sentence. */
  summary: string;
  /** What else has to be known to use it. */
  more?: string;
  /** The operation of v1 that does the same and more. */
  successor?: string;
  access: Access;
  params?: Params;
  /** A list may be given as repeated parameters, with commas in between, or both. */
  query?: Query;
  /** Media types and schemas of what it takes; what is a vCon is told by its own reader. */
  body?: readonly Content[];
  /** Headers that it heeds, and what they do. */
  headers?: Record<string, string>;
  /** Headers without which it refuses what is asked. */
  headersNeeded?: Record<string, string>;
  /** By status: those of success, and those errors that not every route has. */
  answers: Record<number, AnswerTold>;
  run(call: Call<Static<Params>, Static<Query>>): Answer | Promise<Answer>;
}

/** Declares a route; its `run` gets parameters of the declared types. */
export const route = <Params extends TObject = TObject, Query extends TObject = TObject>(
  definition: Route<Params, Query>,
): Route => definition as unknown as Route;
