/** Changes single members of a vCon by JSON Patch (RFC 6902): all of them, or nothing. */

import type { Operation } from "rfc6902";
import {
  changedSince,
  formOf,
  parseUuid,
  sealed,
  type Vcon,
  type VconView,
  WHOLE_PARTS,
  wholeOf,
} from "../../core/index.ts";
import { type Answer, empty } from "../answer.ts";
import type { Call } from "../call.ts";
import { ApiError, invalid } from "../errors.ts";
import { route } from "../route.ts";
import { readSent } from "../work/deposit.ts";
import { eventBy } from "../work/events.ts";
import { etagOf } from "../work/output.ts";
import { changedBy, Patch, patchDocument, readPatch } from "./patch-document.ts";
import {
  CONDITIONAL,
  changing,
  etagAsWritten,
  IF_MATCH_NEEDED,
  NOT_THERE,
  OneVcon,
  revisionToChange,
} from "./vcons-one.ts";

const PATCH_TYPE = "application/json-patch+json";

/** What no patch may change. */
const FIXED = ["uuid", "vcon"] as const;

export const patch = [
  route({
    method: "PATCH",
    path: "/v1/vcons/:uuid",
    style: "v1",
    operation: "patchVcon",
    summary: "Changes members of the vCon by JSON Patch (RFC 6902).",
    more: "All operations are done, or none. Pointers are into the vCon in the newest syntax.",
    access: "write",
    params: OneVcon,
    headersNeeded: IF_MATCH_NEEDED,
    body: [{ type: PATCH_TYPE, schema: Patch }],
    answers: {
      204: { says: "It is changed.", headersMaybe: { ETag: "Missing if others have changed it already." } },
      404: NOT_THERE,
      409: {
        says: "TEST_FAILED, PLACE_MISSING: it is not as the patch takes it to be. VCON_SEALED: it is sealed.",
      },
      415: { says: "It is no JSON Patch.", headers: { "Accept-Patch": `${PATCH_TYPE}.` } },
      ...CONDITIONAL,
    },
    run: patchVcon,
  }),
];

async function patchVcon(call: Call<OneVcon>): Promise<Answer> {
  checkType(call);
  const uuid = parseUuid(call.params.uuid);
  const asked = revisionToChange(call);
  const operations = readPatch(await call.json());
  const changed = operations.flatMap(changedBy);
  const store = await call.api.store();
  return changing(asked, async () => {
    const view = await store.read(uuid, WHOLE_PARTS);
    const { revision } = view;
    if (asked !== undefined && asked !== revision) throw changedSince(uuid);
    const vcon = await patched(call, view, operations);
    if (changed.length === 0) return empty(204, { etag: etagOf(revision) });
    const event = { ...eventBy(call, "vcon_enhanced"), added: membersOf(changed) };
    if (!(await store.replace(uuid, revision, vcon, [event]))) throw changedSince(uuid);
    return empty(204, await etagAsWritten(call, uuid, vcon));
  });
}

function checkType({ header }: Call): void {
  if (/^application\/json-patch\+json *(?:;|$)/i.test(header("content-type") ?? "")) return;
  throw new ApiError(415, "PATCH_TYPE", `Changes are taken as ${PATCH_TYPE} alone.`, {
    headers: { "accept-patch": PATCH_TYPE },
  });
}

/** @throws ApiError, VconError for what would be no vCon, or another one */
async function patched(call: Call, view: VconView, operations: readonly Operation[]): Promise<Vcon> {
  if (view.sealed) throw sealed(view.uuid, formOf(view.sealed) as "signed" | "encrypted");
  const document = (await wholeOf(view)) as Vcon;
  const fixed = FIXED.map((member) => document[member]);
  patchDocument(document, operations, call.api.settings.maxBytes);
  if (FIXED.some((member, i) => document[member] !== fixed[i])) {
    throw invalid([{ at: ["body"], says: `No patch may change ${FIXED.join(" or ")}.` }]);
  }
  if (formOf(document) !== "unsigned") {
    throw invalid([{ at: ["body"], says: "No patch can seal a vCon: replace it by PUT." }]);
  }
  return readSent(call, { ...document, updated_at: new Date().toISOString() }).vcon as Vcon;
}

/** As the trail names them. */
function membersOf(changed: readonly string[]): string[] {
  return [...new Set(changed.map((pointer) => pointer.split("/")[1]!))];
}
