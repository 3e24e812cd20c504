/** The conserver's lists: what goes in for the flows to take, and what they have put out. */
import Type from "typebox";
import { findUuid, isInStore } from "../../core/index.ts";
import { empty, json } from "../answer.ts";
import { bodyReader } from "../parameters.ts";
import { route } from "../route.ts";
import { isNotFound } from "../work/output.ts";
import { AcceptableVcon } from "./acceptable.ts";
import { listNamed } from "./list-named.ts";
import { SENT_AGAIN, take } from "./take.ts";

const MOST = 1_000_000;

const IngressList = Type.Object({ ingress_list: Type.String({ description: "The list." }) });
const egress_list = Type.String({ description: "The list." });
const Strings = Type.Array(Type.String());
const Sent = Type.Union([Strings, Type.Object({ uuids: Strings })]);
const readBare = bodyReader(Strings);
const readNamed = bodyReader(Type.Object({ uuids: Strings }));

export const lists = [
  route({
    method: "POST",
    path: "/vcon/ingress",
    style: "conserver",
    operation: "addToIngress",
    summary: "Puts vCons of the store on a list, in this order.",
    more: "What is not in the store is passed over.",
    access: "write",
    query: IngressList,
    body: [{ schema: Sent }],
    answers: { 204: { says: "They are on the list." } },
    run: async ({ api, query: { ingress_list }, json: read, signal }) => {
      const list = await listNamed(api, "ingress_list", ingress_list);
      const store = await api.store();
      for (const uuid of uuidsIn(await read())) {
        signal.throwIfAborted();
        if (await isInStore(store, uuid)) await list.add(uuid).catch(unlessNotFound);
      }
      return empty(204);
    },
  }),
  route({
    method: "POST",
    path: "/vcon/external-ingress",
    style: "conserver",
    operation: "externalIngress",
    summary: "Stores a vCon and puts it on the one list that the key is for.",
    more: "For partners who may send and nothing else.",
    access: "ingress",
    query: IngressList,
    headers: SENT_AGAIN,
    body: [{ schema: AcceptableVcon }],
    answers: {
      204: { says: "It is stored and on the list." },
      409: { says: "Others change it again and again." },
    },
    run: async (call) => {
      const { ingress_list } = call.query;
      const holder = await call.admitToList(ingress_list);
      await take({ ...call, holder }, "ingress_list", [ingress_list]);
      return empty(204);
    },
  }),
  route({
    method: "GET",
    path: "/vcon/egress",
    style: "conserver",
    operation: "takeFromEgress",
    summary: "Takes UUIDs from a list, first in first out.",
    more: "What is answered is not on the list any more.",
    access: "write",
    query: Type.Object({
      egress_list,
      limit: Type.Integer({ minimum: 1, maximum: MOST, default: 1, description: "How many at most." }),
    }),
    answers: { 200: { says: "At most so many.", content: [{ schema: Strings }] } },
    run: async ({ api, query: { egress_list, limit } }) => {
      const list = await listNamed(api, "egress_list", egress_list);
      return json(200, await list.pull(limit));
    },
  }),
  route({
    method: "GET",
    path: "/vcon/count",
    style: "conserver",
    operation: "countEgress",
    summary: "How many wait in a list.",
    successor: "queueCounts",
    access: "read",
    query: Type.Object({ egress_list }),
    answers: { 200: { says: "How many.", content: [{ schema: Type.Integer() }] } },
    run: async ({ api, query: { egress_list } }) => {
      const list = await listNamed(api, "egress_list", egress_list);
      return json(200, await list.waiting());
    },
  }),
];

/** A bare array as the conserver takes it, or in an object as its documentation says. */
function uuidsIn(sent: unknown): string[] {
  const texts = Array.isArray(sent) ? readBare(sent) : readNamed(sent).uuids;
  return texts.flatMap((text) => findUuid(text) ?? []);
}

/** It was deleted meanwhile. */
function unlessNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
