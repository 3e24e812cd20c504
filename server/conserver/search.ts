/** Finding vCons by their parties, and the index by which they are found. */
import Type from "typebox";
import { json } from "../answer.ts";
import { ApiError } from "../errors.ts";
import { route } from "../route.ts";

export const partySearch = [
  route({
    method: "GET",
    path: "/vcons/search",
    style: "conserver",
    operation: "findVcons",
    summary: "Finds vCons by their parties.",
    more: "Each of them has all that is given, maybe of different parties.",
    successor: "searchVcons",
    access: "read",
    query: Type.Object({
      tel: Type.Optional(Type.String({ description: "In any way of writing; compared as E.164." })),
      mailto: Type.Optional(Type.String({ description: "In capital letters or small ones." })),
      name: Type.Optional(Type.String({ description: "As it is written in the vCon." })),
    }),
    answers: {
      200: { says: "UUIDs.", content: [{ schema: Type.Array(Type.String({ format: "uuid" })) }] },
      400: { says: "Nothing to look for was given." },
    },
    run: async ({ api, query: { tel, mailto, name } }) => {
      // A plus that was not encoded has become a blank.
      const given = Object.entries({ tel: tel?.replace(/^ /, "+"), mailto, name }).filter(
        ([, value]) => value,
      );
      if (given.length === 0) throw new ApiError(400, "NOTHING_TO_FIND", "Give tel, mailto or name.");
      const store = await api.store();
      const found = await Promise.all(given.map(([member, value]) => store.find({ [member]: value })));
      return json(200, inAll(found));
    },
  }),
  route({
    method: "GET",
    path: "/index_vcons",
    style: "conserver",
    operation: "indexVcons",
    summary: "Enters every vCon of the store anew into its index.",
    more: "For a store that a Python conserver has filled. It may take longer than the time limit of the settings.",
    access: "admin",
    answers: { 200: { says: "How many were entered.", content: [{ schema: Type.Integer() }] } },
    run: async ({ api }) => json(200, await (await api.store()).reindex()),
  }),
];

function inAll([first = [], ...others]: string[][]): string[] {
  const sets = others.map((uuids) => new Set(uuids));
  return first.filter((uuid) => sets.every((set) => set.has(uuid)));
}
