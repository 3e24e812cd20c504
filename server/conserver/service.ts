/** What the conserver tells of itself to everybody: its version, that it runs, how much waits in a list. */
import Type from "typebox";
import manifest from "../../package.json" with { type: "json" };
import { json } from "../answer.ts";
import { route } from "../route.ts";
import { wayOf } from "../work/ways.ts";

const VERSION = { version: manifest.version, git_commit: "unknown", build_time: "unknown" };

const Version = Type.Object({
  version: Type.String(),
  git_commit: Type.String(),
  build_time: Type.String(),
});

export const service = [
  route({
    method: "GET",
    path: "/version",
    style: "conserver",
    operation: "version",
    summary: "The version of the package.",
    access: "open",
    answers: { 200: { says: "The version.", content: [{ schema: Version }] } },
    run: () => json(200, VERSION),
  }),
  route({
    method: "GET",
    path: "/health",
    style: "conserver",
    operation: "health",
    summary: "Whether the process answers.",
    more: "It says nothing of the store: see /ready.",
    access: "open",
    answers: {
      200: {
        says: "The process answers.",
        content: [{ schema: Type.Object({ status: Type.Literal("healthy"), version: Version }) }],
      },
    },
    run: () => json(200, { status: "healthy", version: VERSION }),
  }),
  route({
    method: "GET",
    path: "/stats/queue",
    style: "conserver",
    operation: "queueStatistics",
    summary: "How many vCons wait in a list.",
    more: "Where the settings close it, it needs the right **read**.",
    successor: "queueCounts",
    access: "open",
    query: Type.Object({ list_name: Type.String({ description: "The list." }) }),
    answers: {
      403: { says: "The settings close it, and the key is missing, wrong or without the right to read." },
      200: {
        says: "The list and its depth.",
        content: [{ schema: Type.Object({ list_name: Type.String(), depth: Type.Integer() }) }],
      },
    },
    run: async ({ api, query: { list_name } }) => {
      const way = await wayOf(api, list_name);
      return json(200, { list_name, depth: await way.waiting() });
    },
  }),
];
