/** The conserver's dead letters: what has failed of a list, and what has failed at a storage. */
import Type from "typebox";
import type { DeadLetter, Delivery, Queue } from "../../core/index.ts";
import { json } from "../answer.ts";
import type { ApiContext } from "../call.ts";
import { ApiError } from "../errors.ts";
import { route } from "../route.ts";
import { lettersIn } from "../work/ways.ts";
import { waysInUse } from "../work/ways-in-use.ts";
import { listNamed } from "./list-named.ts";

const Uuids = { says: "Their UUIDs.", content: [{ schema: Type.Array(Type.String()) }] };
const HowMany = { says: "How many.", content: [{ schema: Type.Integer() }] };
const UnknownStorage = { says: "No node of the running flows has this name." };

const ingress_list = Type.String({ description: "The list." });
const count = Type.Integer({ minimum: 1, maximum: 100_000, default: 1000, description: "How many at most." });
const storage_name = Type.String({
  description: "Name, id or type of a node that makes copies of vCons elsewhere.",
});

export const deadLetters = [
  route({
    method: "GET",
    path: "/dlq",
    style: "conserver",
    operation: "conserverListDeadLetters",
    summary: "What has failed for good of a list, the one that has been there longest first.",
    successor: "listDeadLetters",
    access: "read",
    query: Type.Object({ ingress_list }),
    answers: { 200: Uuids },
    run: async ({ api, query: { ingress_list } }) => {
      const list = await listNamed(api, "ingress_list", ingress_list);
      return json(200, await list.dead());
    },
  }),
  route({
    method: "POST",
    path: "/dlq/reprocess",
    style: "conserver",
    operation: "reprocessDeadLetters",
    summary: "Puts what has failed back on its list, the one that has been there longest first.",
    successor: "replayDeadLetters",
    access: "admin",
    query: Type.Object({ ingress_list, count }),
    answers: { 200: HowMany },
    run: async ({ api, query }) => {
      const list = await listNamed(api, "ingress_list", query.ingress_list);
      return json(200, await list.replay(query.count));
    },
  }),
  route({
    method: "GET",
    path: "/dlq/storage",
    style: "conserver",
    operation: "listStorageDeadLetters",
    summary: "What has failed for good at a storage, in whichever queue of the running flows.",
    access: "read",
    query: Type.Object({ storage_name }),
    answers: { 200: Uuids, 404: UnknownStorage },
    run: async ({ api, query }) => {
      const failed = await first(Number.POSITIVE_INFINITY, failedAt(api, query.storage_name));
      return json(
        200,
        failed.map(({ letter }) => letter.uuid),
      );
    },
  }),
  route({
    method: "POST",
    path: "/dlq/storage/reprocess",
    style: "conserver",
    operation: "reprocessStorageDeadLetters",
    summary: "Sends what has failed at a storage again, from there and not from the beginning of its flow.",
    access: "admin",
    query: Type.Object({ storage_name, count }),
    answers: { 200: HowMany, 404: UnknownStorage },
    run: async ({ api, query }) => {
      const failed = await first(query.count, failedAt(api, query.storage_name));
      let replayed = 0;
      for (const [queue, some] of Map.groupBy(failed, (one) => one.queue)) {
        const ids = some.map(({ letter }) => letter.id);
        replayed += await queue.replay(ids, "failed");
      }
      return json(200, replayed);
    },
  }),
];

interface Failed {
  queue: Queue;
  letter: DeadLetter;
}

async function first(count: number, failed: AsyncIterable<Failed>): Promise<Failed[]> {
  const found: Failed[] = [];
  for await (const one of failed) {
    found.push(one);
    if (found.length === count) break;
  }
  return found;
}

/** @throws ApiError 404 with the conserver's text */
async function* failedAt(api: ApiContext, storage: string): AsyncGenerator<Failed> {
  const ids = idsOf(api, storage);
  if (ids.size === 0) throw new ApiError(404, "STORAGE_UNKNOWN", `Unknown storage backend: ${storage}`);
  const delivery = await (await api.store()).delivery();
  for (const queue of queuesInUse(api, delivery)) {
    for await (const letter of lettersIn(queue)) if (ids.has(letter.node?.id ?? "")) yield { queue, letter };
  }
}

function idsOf({ flows }: ApiContext, storage: string): Set<string> {
  const destinations = flows.nodes().filter(({ isDestination }) => isDestination);
  const meant = destinations.filter(({ id, name, type }) =>
    [id, name, type, type.slice("vcon-".length)].includes(storage),
  );
  return new Set(meant.map(({ id }) => id));
}

/** None for a name that can't be one: the node that has it says so. */
function queuesInUse(api: ApiContext, delivery: Delivery): Queue[] {
  return waysInUse(api).queues.flatMap((name) => {
    try {
      return [delivery.queue(name)];
    } catch {
      return [];
    }
  });
}
