/** Analyses, attachments and tags: added to a vCon without sending the vCon. */
import { isDeepStrictEqual } from "node:util";
import Type, { type TSchema } from "typebox";
import {
  type Addition,
  type Analysis,
  bodyValue,
  extensionsUsed,
  parseTag,
  parseUuid,
  readAgain,
  sameIdentity,
  typeOf,
} from "../../core/index.ts";
import { json } from "../answer.ts";
import type { Call } from "../call.ts";
import { ApiError } from "../errors.ts";
import { bodyReader } from "../parameters.ts";
import { type Route, route } from "../route.ts";
import { eventBy } from "../work/events.ts";
import { revisionAsked } from "../work/output.ts";
import { readParts } from "./parts-sent.ts";
import { CONDITIONAL, IF_MATCH, NOT_THERE, OneVcon } from "./vcons-one.ts";

interface Adding {
  operation: string;
  summary: string;
  more: string;
  body: TSchema;
  answers?: Route["answers"];
  /** @returns false if the vCon has all of it already */
  add(call: Call, uuid: string, sent: unknown): Promise<boolean>;
}

const Element = Type.Object({}, { additionalProperties: true });
const OneOrMany = Type.Union([Element, Type.Array(Element, { minItems: 1 })]);
const Tags = Type.Object({ tags: Type.Array(Type.String({ pattern: "^[^:]+:" }), { minItems: 1 }) });
const Added = [{ schema: Type.Object({ added: Type.Boolean() }) }];

const KNOWN = { 200: { says: "The vCon has all of it already.", content: Added } };

const readTags = bodyReader(Tags);

/** How often an analysis is sent to the store again because others add such a one at the same time. */
const MOST_ATTEMPTS = 10;

export const parts = [
  adding("analysis", {
    operation: "addAnalysis",
    summary: "Adds an analysis, or several, to a vCon.",
    more: "One that the vCon has already, the same in every member, is left out. The vCon then lists the extensions that they use.",
    body: OneOrMany,
    answers: KNOWN,
    add: addAnalyses,
  }),
  adding("attachments", {
    operation: "addAttachment",
    summary: "Adds an attachment, or several, to a vCon.",
    more: "Without a start it is of now; without party and dialog, of the first. The vCon then lists the extensions that they use.",
    body: OneOrMany,
    add: (call, uuid, sent) => {
      const attachments = readParts(call, "attachments", sent);
      return append(call, uuid, { attachments }, attachments.map(nameOf), revisionAsked(call));
    },
  }),
  adding("tags", {
    operation: "addTags",
    summary: "Adds tags to a vCon.",
    more: "Each as `name:value`. Those that the vCon has already are left out.",
    body: Tags,
    answers: KNOWN,
    add: (call, uuid, sent) => {
      const tags = readTags(sent).tags.map(parseTag);
      return append(call, uuid, { tags }, ["attachments:tags"], revisionAsked(call));
    },
  }),
];

function adding(name: string, { add, body, answers, ...told }: Adding): Route {
  return route({
    ...told,
    method: "POST",
    path: `/v1/vcons/:uuid/${name}`,
    style: "v1",
    access: "write",
    params: OneVcon,
    headers: IF_MATCH,
    body: [{ schema: body }],
    answers: {
      ...answers,
      201: { says: "It is added.", content: Added },
      400: CONDITIONAL[400],
      404: NOT_THERE,
      409: { says: "The vCon is sealed." },
      412: CONDITIONAL[412],
    },
    run: async (call) => {
      const added = await add(call, parseUuid(call.params.uuid), await call.json());
      return json(added ? 201 : 200, { added });
    },
  });
}

async function addAnalyses(call: Call, uuid: string, sent: unknown): Promise<boolean> {
  let revision = revisionAsked(call);
  let added = false;
  for (const analysis of readParts(call, "analysis", sent)) {
    if (!(await addAnalysis(call, uuid, analysis, revision))) continue;
    added = true;
    revision = undefined; // The vCon has another one now.
  }
  return added;
}

/** To the store, another analysis of the same identity is the same work done again; here only one that says the same. */
async function addAnalysis(
  call: Call,
  uuid: string,
  analysis: Analysis,
  revision: string | undefined,
): Promise<boolean> {
  let seen = 0;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const addition = { analysis: [analysis], seen };
    if (await append(call, uuid, addition, [`analysis:${analysis.type}`], revision)) return true;
    const same = await ofSameIdentity(call, uuid, analysis);
    if (same.some((one) => isDeepStrictEqual(one, analysis))) return false;
    seen = same.length;
  }
  throw new ApiError(
    503,
    "CHANGED_MEANWHILE",
    `Others add such analyses to vCon ${uuid} all the time. Send yours once more.`,
    { headers: { "retry-after": "1" } },
  );
}

async function ofSameIdentity({ api }: Call, uuid: string, analysis: Analysis): Promise<object[]> {
  const store = await api.store();
  return readAgain(async () => {
    const view = await store.read(uuid, [`analysis:${analysis.type}`]);
    const same = [...view.analysis.values()].filter((one) => sameIdentity(one as Analysis, analysis));
    return Promise.all(same.map(async (one) => ({ ...one, body: await bodyValue(one) })));
  });
}

async function append(
  call: Call,
  uuid: string,
  addition: Addition,
  added: string[],
  revision: string | undefined,
): Promise<boolean> {
  const store = await call.api.store();
  const guarded = revision === undefined ? addition : { ...addition, revision };
  const extensions = extensionsUsed(addition);
  return store.append(uuid, { ...guarded, extensions }, [{ ...eventBy(call, "vcon_enhanced"), added }]);
}

/** As the trail names it. */
function nameOf(attachment: object): string {
  const purpose = typeOf("attachments", attachment);
  return purpose === "" ? "attachments" : `attachments:${purpose}`;
}
