/** The conserver's routes for vCons: take, list, give out, delete. */
import Type from "typebox";
import {
  type AnyVcon,
  formOf,
  parseUuid,
  readDate,
  SYNTAX,
  type Syntax,
  writeVconInPieces,
} from "../../core/index.ts";
import { type Answer, bytes, empty, json, text } from "../answer.ts";
import type { Call } from "../call.ts";
import { invalid } from "../errors.ts";
import { route } from "../route.ts";
import { eraseEverywhere } from "../work/erase.ts";
import { streamIfThere } from "../work/one-of-several.ts";
import { syntaxAsked, vconAnswer, version } from "../work/output.ts";
import { VconSchema } from "../work/vcon-schema.ts";
import { AcceptableVcon } from "./acceptable.ts";
import { SENT_AGAIN, take } from "./take.ts";

const JSON_TYPE = "application/json";
/** The conserver's programs take the four arrays for granted. */
const TOLD = { type: JSON_TYPE, emptyArrays: true };
const NO_ELEMENTS = { parties: [], dialog: [], analysis: [], attachments: [] };
const MOST = 1_000_000;

const Uuid = Type.String({ format: "uuid" });
const ONE = Type.Object({ uuid: Type.String({ format: "uuid", description: "The vCon's." }) });
const ACCEPT = { Accept: "The syntax, as a parameter: application/vcon+json; version=0.0.1." };
const UNKNOWN_SYNTAX = { says: "vCons are not given out in this syntax." };

export const conserverVcons = [
  route({
    method: "POST",
    path: "/vcon",
    style: "conserver",
    operation: "storeVcon",
    summary: "Stores a vCon and puts it on ingress lists.",
    more: "It takes the place of what was sent under the same UUID before. What has been added to that since is kept where all that is sent again is in it.",
    successor: "createVcon",
    access: "write",
    query: Type.Object({
      ingress_lists: Type.Optional(
        Type.Array(Type.String(), { description: "The lists that it is put on." }),
      ),
      version,
    }),
    headers: { ...ACCEPT, ...SENT_AGAIN },
    body: [{ schema: AcceptableVcon }],
    answers: {
      201: { says: "It is stored. The answer is the vCon.", content: [{ schema: VconSchema }] },
      406: UNKNOWN_SYNTAX,
      409: { says: "Others change it again and again." },
    },
    run: store,
  }),
  route({
    method: "GET",
    path: "/vcon",
    style: "conserver",
    operation: "listVcons",
    summary: "UUIDs by the time of creation, newest first.",
    successor: "searchVcons",
    access: "read",
    query: Type.Object({
      page: Type.Integer({ minimum: 1, maximum: MOST, default: 1, description: "Which page." }),
      size: Type.Integer({ minimum: 1, maximum: MOST, default: 50, description: "How many on a page." }),
      since: Type.Optional(
        Type.String({ format: "date-time", description: "Created at this time or later." }),
      ),
      until: Type.Optional(
        Type.String({ format: "date-time", description: "Created at this time or earlier." }),
      ),
    }),
    answers: {
      200: { says: "The page; empty behind the last one.", content: [{ schema: Type.Array(Uuid) }] },
    },
    run: async ({ api, query: { page, size, since, until } }) => {
      const period = { ...momentAt("since", since), ...momentAt("until", until) };
      const opened = await api.store();
      return json(200, await opened.list({ ...period, limit: size, offset: (page - 1) * size }));
    },
  }),
  route({
    method: "GET",
    path: "/vcon/:uuid",
    style: "conserver",
    operation: "conserverGetVcon",
    summary: "A vCon.",
    successor: "getVcon",
    access: "read",
    params: ONE,
    query: Type.Object({ version }),
    headers: ACCEPT,
    answers: {
      200: {
        says: "The vCon.",
        content: [{ schema: VconSchema }],
        headers: { ETag: "Another one after every change." },
      },
      404: { says: "It is not there." },
      406: UNKNOWN_SYNTAX,
      409: { says: "What is sealed can't be given out in an older syntax." },
    },
    run: (call) => vconAnswer(call, parseUuid(call.params.uuid), TOLD),
  }),
  route({
    method: "GET",
    path: "/vcons",
    style: "conserver",
    operation: "getVcons",
    summary: "Several vCons, in the order in which they are named.",
    access: "read",
    query: Type.Object({
      vcon_uuids: Type.Optional(Type.Array(Uuid, { description: "Whose." })),
      uuids: Type.Optional(Type.Array(Uuid, { description: "Another name of vcon_uuids." })),
      version,
    }),
    headers: ACCEPT,
    answers: {
      200: {
        says: "The vCons, null for one that is not there; what is sealed comes as it is, whatever the syntax.",
        content: [{ schema: Type.Array(Type.Union([VconSchema, Type.Null()])) }],
      },
      406: UNKNOWN_SYNTAX,
    },
    run: (call) => {
      const { vcon_uuids = [], uuids = [] } = call.query;
      const named = [...vcon_uuids, ...uuids].map(parseUuid);
      return bytes(200, arrayOf(call, named, syntaxAsked(call)), { "content-type": JSON_TYPE });
    },
  }),
  route({
    method: "DELETE",
    path: "/vcon/:uuid",
    style: "conserver",
    operation: "conserverDeleteVcon",
    summary: "Deletes a vCon, here and at every recipient that has a copy of it.",
    more: "A copy that could not be deleted is told in the log of Node-RED alone.",
    successor: "deleteVcon",
    access: "write",
    params: ONE,
    answers: { 204: { says: "It is not there, whether it was or not." } },
    run: async (call) => {
      const uuid = parseUuid(call.params.uuid);
      const { left } = await eraseEverywhere(call, uuid);
      for (const { vendor, host, reason } of left) {
        call.api.warn(
          `vCon ${uuid} was deleted here, but its copy at ${vendor} (${host}) is left. ${reason}`,
        );
      }
      return empty(204);
    },
  }),
];

async function store(call: Call<unknown, { ingress_lists?: string[]; version?: string }>): Promise<Answer> {
  const syntax = syntaxAsked(call);
  const { uuid, vcon, outcome } = await take(call, "ingress_lists", call.query.ingress_lists ?? []);
  const isUnsigned = formOf(vcon) === "unsigned";
  // There is more than was sent, to be seen by those who may read.
  if (outcome === "kept" && isUnsigned && call.holder.rights.has("read")) {
    return { ...(await vconAnswer(call, uuid, TOLD)), status: 201 };
  }
  const pieces = isUnsigned
    ? writeVconInPieces({ ...vcon, ...missingIn(vcon) }, { syntax })
    : writeVconInPieces(vcon, { syntax: SYNTAX });
  return text(201, pieces, { "content-type": JSON_TYPE });
}

function missingIn(vcon: AnyVcon): Partial<typeof NO_ELEMENTS> {
  return Object.fromEntries(Object.entries(NO_ELEMENTS).filter(([array]) => vcon[array] === undefined));
}

function momentAt(name: "since" | "until", given: string | undefined): { [name]?: string } {
  if (given === undefined) return {};
  const moment = readDate(given);
  if (moment === undefined) {
    throw invalid([
      { at: ["query", name], says: "It is no date and time of the form 2026-11-02T10:00:00Z." },
    ]);
  }
  return { [name]: moment };
}

const OPEN = Buffer.from("[");
const COMMA = Buffer.from(",");
const CLOSE = Buffer.from("]");
const NULL = Buffer.from("null");

async function* arrayOf(call: Call, uuids: readonly string[], syntax: Syntax): AsyncGenerator<Uint8Array> {
  yield OPEN;
  for (const [index, uuid] of uuids.entries()) {
    if (index > 0) yield COMMA;
    const vcon = await streamIfThere(call, uuid, { syntax, ...TOLD });
    if (vcon === undefined) yield NULL;
    else yield* vcon;
  }
  yield CLOSE;
}
