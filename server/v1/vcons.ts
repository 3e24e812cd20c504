/** vCons as a whole: sent, read, replaced and deleted; and what has happened to them. */
import Type, { type Static } from "typebox";
import { changedSince, notFound, parseUuid } from "../../core/index.ts";
import { type Answer, empty, json } from "../answer.ts";
import type { Call } from "../call.ts";
import { ApiError, invalid } from "../errors.ts";
import { problemWith } from "../openapi/errors.ts";
import { type Content, route } from "../route.ts";
import { readSent } from "../work/deposit.ts";
import { eraseEverywhere } from "../work/erase.ts";
import { eventBy } from "../work/events.ts";
import {
  etagOf,
  isKnown,
  revisionAsked,
  syntaxAsked,
  VARY,
  VCON_TYPE,
  vconAnswer,
  version,
} from "../work/output.ts";
import { VconSchema } from "../work/vcon-schema.ts";
import { isNdjson, NDJSON, storeLines } from "./batch.ts";
import { TrailEventSchema } from "./trail-schema.ts";
import { handOnTo, queuesNamed, storeNew } from "./vcons-new.ts";
import {
  CONDITIONAL,
  changing,
  etagAsWritten,
  IF_MATCH,
  IF_MATCH_NEEDED,
  NOT_THERE,
  OneVcon,
  revisionToChange,
} from "./vcons-one.ts";

const VCON: readonly Content[] = [{ type: VCON_TYPE, schema: VconSchema }, { schema: VconSchema }];

const ToQueues = Type.Object({
  queue: Type.Optional(Type.Array(Type.String(), { description: "The queues that it is handed on to." })),
});
type ToQueues = Static<typeof ToQueues>;
const InSyntax = Type.Object({ version });
type InSyntax = Static<typeof InSyntax>;

const Uuid = Type.Object({ uuid: Type.String({ format: "uuid" }) });
const ETAG = { ETag: "Changes with every change of the vCon; each syntax has its own." };
const ETAG_IF_KNOWN = { ETag: "Missing if others have changed it already." };

const LeftCopy = Type.Object(
  { vendor: Type.String(), host: Type.String(), reason: Type.String() },
  { title: "LeftCopy" },
);

export const vcons = [
  route({
    method: "POST",
    path: "/v1/vcons",
    style: "v1",
    operation: "createVcon",
    summary: "Stores a vCon, or several, and hands them on to queues.",
    more: `One that is there already is never overwritten. Several come as \`${NDJSON}\`, one a line; then one line is answered for each, in their order, while they come: \`{"line": 1, "status": 201, "uuid": …}\` or \`{"line": 2, "status": 422, "code": …, "detail": …}\`. Together they may be larger than the settings allow for one. Whoever sends very many has to read the answers meanwhile: no more is taken while too many wait to be read.`,
    access: "write",
    query: ToQueues,
    body: [...VCON, { type: NDJSON, schema: Type.String({ description: "One vCon a line." }) }],
    answers: {
      200: {
        says: "It was there already with all that was sent, and is as it was. Or the answers to several, each with its own status.",
        content: [
          { schema: Uuid },
          { type: NDJSON, schema: Type.String({ description: "One answer a line." }) },
        ],
        headersMaybe: { ETag: "Of one; changes with every change of the vCon." },
      },
      201: {
        says: "It is stored.",
        content: [{ schema: Uuid }],
        headers: { Location: "Where it is, relative to what was asked." },
        headersMaybe: ETAG_IF_KNOWN,
      },
      409: { says: "VCON_EXISTS: one of this UUID is there, and differs." },
    },
    run: createVcons,
  }),
  route({
    method: "GET",
    path: "/v1/vcons/:uuid",
    style: "v1",
    operation: "getVcon",
    summary: "The vCon.",
    more: "In the newest syntax, or the one asked for; a sealed one as it is.",
    access: "read",
    params: OneVcon,
    query: InSyntax,
    headers: {
      Accept: `An older syntax by its parameter: ${VCON_TYPE}; version=0.0.1`,
      "If-None-Match": "Answers 304 for the vCon with this ETag.",
    },
    answers: {
      200: { says: "The vCon.", content: [{ type: VCON_TYPE, schema: VconSchema }], headers: ETAG },
      304: { says: "It is what the asker has.", headers: ETAG },
      404: NOT_THERE,
      406: { says: "vCons are not given out in this syntax." },
      409: { says: "It is sealed, and so not to be had in an older syntax." },
    },
    run: getVcon,
  }),
  route({
    method: "PUT",
    path: "/v1/vcons/:uuid",
    style: "v1",
    operation: "replaceVcon",
    summary: "Puts another form or version of the vCon in its place.",
    access: "write",
    params: OneVcon,
    headersNeeded: IF_MATCH_NEEDED,
    body: VCON,
    answers: {
      204: { says: "It is replaced.", headersMaybe: ETAG_IF_KNOWN },
      404: NOT_THERE,
      ...CONDITIONAL,
    },
    run: replaceVcon,
  }),
  route({
    method: "DELETE",
    path: "/v1/vcons/:uuid",
    style: "v1",
    operation: "deleteVcon",
    summary: "Deletes the vCon, here and at every recipient that has a copy of it.",
    more: "Its trail stays. By that, deleting it again deletes again what recipients may have.",
    access: "write",
    params: OneVcon,
    headers: IF_MATCH,
    answers: {
      204: { says: "It is deleted everywhere." },
      400: CONDITIONAL[400],
      404: { says: "It is not there, and no recipient is known to have a copy." },
      412: CONDITIONAL[412],
      502: {
        says: "It is deleted here, but the recipients in `left` still have copies: deleting it again tries again.",
        content: problemWith("CopiesLeft", { left: Type.Array(LeftCopy) }),
      },
    },
    run: deleteVcon,
  }),
  route({
    method: "GET",
    path: "/v1/vcons/:uuid/trail",
    style: "v1",
    operation: "getTrail",
    summary: "What has happened to the vCon and who has seen it, oldest first; also once it is deleted.",
    access: "read",
    params: OneVcon,
    answers: {
      200: { says: "The events.", content: [{ schema: Type.Array(TrailEventSchema) }] },
      404: { says: "It is not there, and never was." },
    },
    run: getTrail,
  }),
];

async function createVcons(call: Call<unknown, ToQueues>): Promise<Answer> {
  const queues = await queuesNamed(call);
  if (isNdjson(call)) return storeLines(call, queues);
  const { uuid, vcon, revision } = await storeNew(call, await call.bytes());
  const etag = revision === undefined ? await etagAsWritten(call, uuid, vcon) : { etag: etagOf(revision) };
  await handOnTo(queues, uuid);
  if (revision !== undefined) return json(200, { uuid }, etag);
  return json(201, { uuid }, { location: locationOf(call, uuid), ...etag });
}

/** Relative to what was asked, whose path nobody here knows who came through another server. */
function locationOf({ request }: Call, uuid: string): string {
  return /\/(?:\?|$)/.test(request.url ?? "") ? uuid : `vcons/${uuid}`;
}

async function getVcon(call: Call<OneVcon, InSyntax>): Promise<Answer> {
  const uuid = parseUuid(call.params.uuid);
  if (call.header("if-none-match") !== undefined) {
    const store = await call.api.store();
    const { revision } = await store.read(uuid, ["sealed"]);
    const etag = etagOf(revision, syntaxAsked(call));
    if (isKnown(call, etag)) return empty(304, { ...VARY, etag });
  }
  return vconAnswer(call, uuid, { type: VCON_TYPE });
}

async function replaceVcon(call: Call<OneVcon>): Promise<Answer> {
  const uuid = parseUuid(call.params.uuid);
  const asked = revisionToChange(call);
  const sent = readSent(call, await call.bytes());
  if (sent.uuid !== uuid) throw invalid([{ at: ["body", "uuid"], says: "It is not the UUID in the path." }]);
  const store = await call.api.store();
  await changing(asked, async () => {
    const revision = asked ?? (await store.read(uuid, ["sealed"])).revision;
    const event = eventBy(call, "vcon_received");
    if (!(await store.replace(uuid, revision, sent.vcon, [event]))) throw changedSince(uuid);
  });
  return empty(204, await etagAsWritten(call, uuid, sent.vcon));
}

async function deleteVcon(call: Call<OneVcon>): Promise<Answer> {
  const uuid = parseUuid(call.params.uuid);
  const { found, left } = await eraseEverywhere(call, uuid, revisionAsked(call));
  if (left.length > 0) {
    throw new ApiError(
      502,
      "COPIES_LEFT",
      "The vCon is deleted here, but not every recipient could delete its copy. Delete it again to try these again.",
      { members: { left } },
    );
  }
  if (!found) throw notFound(uuid);
  return empty(204);
}

async function getTrail(call: Call<OneVcon>): Promise<Answer> {
  const uuid = parseUuid(call.params.uuid);
  const store = await call.api.store();
  const events = await store.trail(uuid);
  if (events.length === 0) await store.read(uuid, ["sealed"]);
  return json(200, events);
}
