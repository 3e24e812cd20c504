/** The queues of the running flows, how much waits in them, and what has failed for good. */
import Type, { type Static } from "typebox";
import { type DeadLetter, type Delivery, type Queue, VconError } from "../../core/index.ts";
import { json } from "../answer.ts";
import type { ApiContext, Call } from "../call.ts";
import { bodyReader } from "../parameters.ts";
import { route } from "../route.ts";
import { type WaysInUse, waysInUse } from "../work/ways-in-use.ts";

const Count = Type.Integer({ minimum: 0 });
const Counts = Type.Object(
  {
    name: Type.String(),
    kind: Type.Union([Type.Literal("queue"), Type.Literal("conserver-list")]),
    waiting: Count,
    delayed: Type.Optional(Count),
    active: Type.Optional(Count),
    dead: Count,
  },
  { title: "QueueCounts" },
);
type Counts = Static<typeof Counts>;
type Named = Pick<Counts, "name" | "kind">;

const Moment = Type.String({ format: "date-time" });
const Letter = Type.Object(
  {
    id: Type.String(),
    uuid: Type.String(),
    queue: Type.String(),
    reason: Type.String(),
    code: Type.Optional(Type.String()),
    node: Type.Optional(
      Type.Object({
        id: Type.String(),
        type: Type.String(),
        name: Type.Optional(Type.String()),
        flow: Type.Optional(Type.String()),
      }),
    ),
    resumable: Type.Boolean(),
    attempts: Type.Integer(),
    added_at: Moment,
    begun_at: Moment,
    failed_at: Moment,
  },
  { title: "DeadLetter" },
);

const Name = Type.Object({ name: Type.String({ description: "The queue's." }) });
const Which = Type.Union([Type.Literal("all"), Type.Array(Type.String(), { maxItems: 10_000 })]);
const Replay = Type.Object({
  ids: Which,
  from: Type.Optional(Type.Union([Type.Literal("start"), Type.Literal("failed")])),
});
const Drop = Type.Object({ ids: Which });

const readReplay = bodyReader(Replay);
const readDrop = bodyReader(Drop);

export const queues = [
  route({
    method: "GET",
    path: "/v1/queues",
    style: "v1",
    operation: "listQueues",
    summary: "The queues and conserver lists that the running flows name, and how much is in each.",
    access: "read",
    answers: {
      200: {
        says: "The queues by name, then the lists.",
        content: [{ schema: Type.Object({ queues: Type.Array(Counts) }) }],
      },
    },
    run: async ({ api }) => {
      const delivery = await deliveryOf(api);
      const counted = await Promise.all(namedIn(waysInUse(api)).map((named) => countsIfAny(delivery, named)));
      return json(200, { queues: counted.filter((counts) => counts !== undefined) });
    },
  }),
  route({
    method: "GET",
    path: "/v1/queues/:name",
    style: "v1",
    operation: "queueCounts",
    summary: "How much is in a queue or, if kind says so, in a conserver list.",
    access: "read",
    params: Name,
    query: Type.Object({
      kind: Type.Optional(
        Type.Union(Counts.properties.kind.anyOf, { description: "Which of the two; a queue if not given." }),
      ),
    }),
    answers: {
      200: { says: "A name that nobody has used is that of an empty one.", content: [{ schema: Counts }] },
    },
    run: async ({ api, params: { name }, query: { kind = "queue" } }) =>
      json(200, await countsOf(await deliveryOf(api), { name, kind })),
  }),
  route({
    method: "GET",
    path: "/v1/queues/:name/dead-letters",
    style: "v1",
    operation: "listDeadLetters",
    summary: "What a queue has given up on, the one that has been there longest first.",
    more: "Those of a conserver list are UUIDs alone: see /dlq.",
    access: "read",
    params: Name,
    query: Type.Object({
      limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: "How many at most." }),
      offset: Type.Integer({ minimum: 0, default: 0, description: "How many to pass over." }),
    }),
    answers: {
      200: {
        says: "The reason, and where and when it failed; not the message that it failed on.",
        content: [{ schema: Type.Object({ dead_letters: Type.Array(Letter) }) }],
      },
    },
    run: async (call) => {
      const letters = await (await queueOf(call)).deadLetters(call.query);
      return json(200, { dead_letters: letters.map(told) });
    },
  }),
  route({
    method: "POST",
    path: "/v1/queues/:name/dead-letters/replay",
    style: "v1",
    operation: "replayDeadLetters",
    summary: "Makes dead letters jobs again.",
    more: "From the start or, where the letter is resumable, at the node that failed. What is not there is passed over.",
    access: "admin",
    params: Name,
    body: [{ schema: Replay }],
    answers: {
      200: { says: "How many.", content: [{ schema: Type.Object({ replayed: Count }) }] },
    },
    run: async (call) => {
      const { ids, from = "start" } = readReplay(await call.json());
      return json(200, { replayed: await (await queueOf(call)).replay(ids, from) });
    },
  }),
  route({
    method: "POST",
    path: "/v1/queues/:name/dead-letters/drop",
    style: "v1",
    operation: "dropDeadLetters",
    summary: "Removes dead letters.",
    more: "Their vCons stay. What is not there is passed over.",
    access: "admin",
    params: Name,
    body: [{ schema: Drop }],
    answers: {
      200: { says: "How many.", content: [{ schema: Type.Object({ dropped: Count }) }] },
    },
    run: async (call) => {
      const { ids } = readDrop(await call.json());
      return json(200, { dropped: await (await queueOf(call)).drop(ids) });
    },
  }),
];

function namedIn({ queues, lists }: WaysInUse): Named[] {
  return [
    ...queues.map((name) => ({ name, kind: "queue" as const })),
    ...lists.map((name) => ({ name, kind: "conserver-list" as const })),
  ];
}

async function deliveryOf({ store }: ApiContext): Promise<Delivery> {
  return (await store()).delivery();
}

async function queueOf({ api, params }: Call<Static<typeof Name>>): Promise<Queue> {
  return (await deliveryOf(api)).queue(params.name);
}

/** None for a name that can't be one, or a list in a store that has none: the node that names it says so. */
async function countsIfAny(delivery: Delivery, named: Named): Promise<Counts | undefined> {
  try {
    return await countsOf(delivery, named);
  } catch (error) {
    if (error instanceof VconError && error.code.startsWith("DELIVERY_")) return undefined;
    throw error;
  }
}

async function countsOf(delivery: Delivery, { name, kind }: Named): Promise<Counts> {
  if (kind === "queue") return { name, kind, ...(await delivery.queue(name).counts()) };
  const [waiting, dead] = await Promise.all(
    // What has failed is a list, too.
    [name, `DLQ:${name}`].map((list) => delivery.conserverList(list).length()),
  );
  return { name, kind, waiting: waiting!, dead: dead! };
}

function told({ addedAt, begunAt, failedAt, ...letter }: DeadLetter): Static<typeof Letter> {
  return { ...letter, added_at: addedAt, begun_at: begunAt, failed_at: failedAt };
}
