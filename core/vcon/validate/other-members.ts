/** Members that core-04 does not define: of older drafts, of the one to come, and of nobody known here. */
import { OLD_NAMES } from "../members.ts";
import { core, type Fault, type Members, pointerTo, type Rule } from "./check.ts";

const HASH = { alg: "content_hash", signature: "content_hash" };
const REFERENCE = {
  ...HASH,
  body: undefined,
  encoding: undefined,
  mimetype: undefined,
  mediatype: undefined,
};

/** By the object: the names that other drafts give to members, and what core-04 calls them, if it has them. */
export const RENAMED = {
  vcon: renamed({
    ...OLD_NAMES.vcon,
    must_support: "critical",
    must_understand: "critical",
    group: undefined,
    sessions: undefined,
    events: undefined,
    tags: "an attachment of purpose tags",
  }),
  redacted: renamed(REFERENCE),
  amended: renamed(REFERENCE),
  party: renamed({ jcard: undefined, jCard: undefined, timezone: undefined }),
  dialog: renamed({
    ...HASH,
    ...OLD_NAMES.dialog,
    interaction: "interaction_id of the CC extension",
  }),
  history: renamed(OLD_NAMES.history),
  attachment: renamed({ ...HASH, ...OLD_NAMES.attachment }),
  analysis: renamed({ ...HASH, ...OLD_NAMES.analysis }),
};

function renamed(names: Record<string, string | undefined>): ReadonlyMap<string, string | undefined> {
  return new Map(Object.entries(names));
}

/** Speaks of the members that are not in `defined`. */
export function otherMembers(defined: Members, names: ReadonlyMap<string, string | undefined>): Rule {
  const known = new Set(Object.keys(defined));
  return function* (members, { isExtended }) {
    for (const name of Object.keys(members)) {
      if (known.has(name)) continue;
      if (names.has(name)) yield renamedMember(name, names.get(name));
      else if (!isExtended) yield unknownMember(name);
    }
  };
}

function renamedMember(name: string, successor: string | undefined): Fault {
  const what = successor ? `core-04 calls it ${successor}` : "core-04 has nothing in its place";
  return core.fault("2.5", "info", "otherDraft", `Another draft's member; ${what}.`, pointerTo(name));
}

function unknownMember(name: string): Fault {
  const message = "No draft known here defines this member; `extensions` should list the one that does.";
  return core.fault("4.1.3", "info", "unknownMember", message, pointerTo(name));
}
