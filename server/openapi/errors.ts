/** What errors look like in the two styles. */
import Type, { type TProperties } from "typebox";
import type { Content, Route } from "../route.ts";

const ConserverFault = Type.Object(
  {
    loc: Type.Array(Type.Union([Type.String(), Type.Integer()]), {
      description: "Where it is, the outermost first.",
    }),
    msg: Type.String(),
    type: Type.String(),
  },
  { title: "ConserverFault" },
);

/** As FastAPI writes them. */
const ConserverError = Type.Object(
  { detail: Type.Union([Type.String(), Type.Array(ConserverFault)]) },
  {
    title: "ConserverError",
    examples: [
      { detail: "vCon not found" },
      { detail: [{ loc: ["query", "page"], msg: "It must be >= 1.", type: "value_error" }] },
    ],
  },
);

/** RFC 9457, with a stable code and, where several things are wrong, each with its place. */
const PROBLEM = {
  type: Type.String(),
  title: Type.String({ description: "The status in words." }),
  status: Type.Integer(),
  detail: Type.String({ description: "What is wrong and what to do. For people: its words may change." }),
  code: Type.String({ description: "For programs: it stays the same." }),
  faults: Type.Optional(
    Type.Array(
      Type.Object({
        at: Type.String({ description: "Where it is, such as /query/limit or /body/dialog/0/start." }),
        says: Type.String(),
      }),
    ),
  ),
};

const Problem = Type.Object(PROBLEM, {
  title: "Problem",
  description: "Problem details (RFC 9457).",
  examples: [
    {
      type: "about:blank",
      title: "Unprocessable Entity",
      status: 422,
      detail: "What was sent can't be used; the faults say where.",
      code: "INVALID",
      faults: [{ at: "/query/limit", says: "It must be <= 1000." }],
    },
  ],
});

const PROBLEM_TYPE = "application/problem+json";

/** The error of a route, where nothing else is told of it. */
export const ERROR_CONTENT: Record<Route["style"], readonly Content[]> = {
  conserver: [{ schema: ConserverError }],
  v1: [{ type: PROBLEM_TYPE, schema: Problem }],
};

/** Problem details that say more. */
export function problemWith(title: string, members: TProperties): readonly Content[] {
  return [{ type: PROBLEM_TYPE, schema: Type.Object({ ...PROBLEM, ...members }, { title }) }];
}
