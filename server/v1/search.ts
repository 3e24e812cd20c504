/** The search: what fits, page by page, as a list or as the vCons themselves. */
import Type, { type Static } from "typebox";
import {
  type Entry,
  type PartyQuery,
  type SearchQuery,
  SYNTAX,
  type Syntax,
  searchVcons,
} from "../../core/index.ts";
import { type Answer, bytes, type Headers, json } from "../answer.ts";
import type { Call } from "../call.ts";
import { route } from "../route.ts";
import { streamIfThere } from "../work/one-of-several.ts";
import { syntaxAsked, VARY, version } from "../work/output.ts";
import { cursorOf, entryAt } from "./search-cursor.ts";

const NDJSON = "application/x-ndjson";

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
const texts = (description: string) => Type.Optional(Type.Array(Type.String(), { description }));
const moment = (description: string) => Type.Optional(Type.String({ format: "date-time", description }));
const Query = Type.Object({
  tel: text("A party's telephone number in any way of writing; compared as E.164."),
  mailto: text("The same party's address, in capital letters or small ones."),
  name: text("The same party's name, as it is written in the vCon."),
  sip: text("The same party's SIP address."),
  did: text("The same party's DID."),
  tag: texts("Tags that it has, each as name:value, or a name for any value."),
  text: text("Words in its messages and transcripts."),
  analysis: texts("Types of analyses that it has."),
  since: moment("Created at this time or later."),
  until: moment("Created at this time or earlier."),
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 50, description: "How many on a page at most." }),
  cursor: text("Where to go on: `next` of the page before."),
  version,
});
type Query = Static<typeof Query>;
type SearchCall = Call<unknown, Query>;

const Page = Type.Object({
  vcons: Type.Array(
    Type.Object({ uuid: Type.String({ format: "uuid" }), created_at: Type.String({ format: "date-time" }) }),
  ),
  next: Type.Optional(Type.String({ description: "The cursor of the next page; missing at the end." })),
});

const NEXT = { Link: `The next page, with rel="next", relative to what was asked; missing at the end.` };

export const search = [
  route({
    method: "GET",
    path: "/v1/vcons",
    style: "v1",
    operation: "searchVcons",
    summary: "The vCons that fit all that is given, newest first.",
    more: "A page may hold fewer than the limit, even none, and still have a next one.",
    access: "read",
    query: Query,
    headers: { Accept: `${NDJSON} gives the vCons themselves, one a line.` },
    answers: {
      200: {
        says: "A page.",
        content: [
          { schema: Page },
          { type: NDJSON, schema: Type.String({ description: "One vCon a line." }) },
        ],
        headersMaybe: NEXT,
      },
      400: { says: "CURSOR_MALFORMED: the cursor was not given by a search." },
      406: { says: "vCons are not given out in this syntax. Those that are sealed come as they are." },
    },
    run: findVcons,
  }),
];

async function findVcons(call: SearchCall): Promise<Answer> {
  const { limit, cursor } = call.query;
  const after = cursor === undefined ? undefined : entryAt(cursor);
  const isWhole = (call.header("accept") ?? "").toLowerCase().includes(NDJSON);
  const syntax = isWhole ? syntaxAsked(call) : SYNTAX;
  const store = await call.api.store();
  const { found, next } = await searchVcons(store, searched(call.query), {
    limit,
    after,
    signal: call.signal,
  });
  const headers = { ...VARY, ...(next && linkTo(call, cursorOf(next))) };
  if (isWhole) return bytes(200, lines(call, found, syntax), { "content-type": NDJSON, ...headers });
  const vcons = found.map(({ uuid, createdAt }) => ({ uuid, created_at: new Date(createdAt).toISOString() }));
  return json(200, { vcons, ...(next && { next: cursorOf(next) }) }, headers);
}

function searched({ tel, mailto, name, sip, did, tag, text, analysis, since, until }: Query): SearchQuery {
  // A plus that was not encoded has become a blank.
  const party = given({ tel: tel?.replace(/^ /, "+"), mailto, name, sip, did }) as PartyQuery;
  const isNamed = Object.keys(party).length > 0;
  return given({ party: isNamed ? party : undefined, tag, text, analysis, since, until }) as SearchQuery;
}

function given(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

/** RFC 8288; relative to what was asked, whose path nobody here knows who came through another server. */
function linkTo({ request }: SearchCall, cursor: string): Headers {
  const query = new URLSearchParams(/\?(.*)$/.exec(request.url ?? "")?.[1]);
  query.set("cursor", cursor);
  return { link: `<?${query}>; rel="next"` };
}

/** What was deleted meanwhile is left out. */
async function* lines(call: SearchCall, found: readonly Entry[], syntax: Syntax): AsyncGenerator<Uint8Array> {
  for (const { uuid } of found) {
    const vcon = await streamIfThere(call, uuid, { syntax });
    if (vcon === undefined) continue;
    yield* vcon;
    yield LINE_END;
  }
}

const LINE_END = Buffer.from("\n");
