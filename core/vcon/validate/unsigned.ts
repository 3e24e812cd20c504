/** Checks of a vCon's unsigned form (core-04 sections 4 and 4.1). */
import { isEmpty } from "../json.ts";
import type { JsonObject } from "../types.ts";
import { SYNTAX } from "../write.ts";
import { analysis } from "./analysis.ts";
import { attachment } from "./attachment.ts";
import {
  type Check,
  check,
  core,
  type Fault,
  inTurn,
  list,
  type Members,
  object,
  text,
  textThat,
} from "./check.ts";
import { hashedUrl, reference } from "./content.ts";
import { dialog } from "./dialog.ts";
import { criticalExtensions, listedExtensions } from "./extensions.ts";
import { otherMembers, RENAMED } from "./other-members.ts";
import { party } from "./party.ts";
import { date, uuid, vconUuid } from "./values.ts";

const syntax = inTurn(
  textThat(
    (value) => value === SYNTAX,
    "error",
    "syntax",
    `Another draft's syntax: in that of core-04 it is ${SYNTAX}.`,
  ),
  check(() => false, "info", "deprecated", "Core-04 deprecates this member."),
);

const REDACTED: Members = {
  uuid: core.should("4.1.8", uuid),
  type: core.must("4.1.8.1", text),
  ...reference("4.1.8.1"),
};
const AMENDED: Members = { uuid: core.may("4.1.9.1", uuid), ...reference("4.1.9.1") };

const MEMBERS: Members = {
  vcon: core.may("4.1.1", syntax),
  uuid: core.must("4.1.2", vconUuid),
  extensions: core.may("4.1.3", list(text)),
  critical: core.may("4.1.4", list(text)),
  created_at: core.must("4.1.5", date),
  updated_at: core.may("4.1.6", date),
  subject: core.may("4.1.7", text),
  redacted: core.may("4.1.8", object(REDACTED, hashedUrl, otherMembers(REDACTED, RENAMED.redacted))),
  amended: core.may(
    "4.1.9",
    object(AMENDED, hashedUrl, namedInstance, otherMembers(AMENDED, RENAMED.amended)),
  ),
  parties: core.may("4.1.10", list(party)),
  dialog: core.may("4.1.11", list(dialog)),
  analysis: core.may("4.1.12", list(analysis)),
  attachments: core.may("4.1.13", list(attachment)),
};

export const unsigned: Check = object(
  MEMBERS,
  oneOrigin,
  otherInstance,
  someSection,
  listedExtensions,
  criticalExtensions,
  otherMembers(MEMBERS, RENAMED.vcon),
);

function* oneOrigin({ redacted, amended }: JsonObject): Iterable<Fault> {
  if (redacted === undefined || amended === undefined) return;
  const message = "A vCon is either redacted or amended, not both.";
  yield core.fault("4.1.9", "error", "redactedAndAmended", message, "/amended");
}

/** The instance before this one has a UUID of its own. */
function* otherInstance(vcon: JsonObject): Iterable<Fault> {
  for (const [name, section] of [
    ["redacted", "4.1.8"],
    ["amended", "4.1.9"],
  ] as const) {
    const origin = vcon[name] as JsonObject | null | undefined;
    if (vcon.uuid === undefined || origin?.uuid !== vcon.uuid) continue;
    const message = "The instance before this one must have another UUID.";
    yield core.fault(section, "error", "selfReference", message, `/${name}/uuid`);
  }
}

function* namedInstance({ uuid: name, url }: JsonObject): Iterable<Fault> {
  if (name !== undefined) return;
  if (url === undefined) yield core.required("4.1.9.1", "uuid");
  else yield core.recommended("4.1.9", "uuid");
}

function* someSection({ parties, dialog, analysis, attachments }: JsonObject): Iterable<Fault> {
  const isNothing = [parties, dialog, analysis, attachments].every(
    (section) => section === undefined || isEmpty(section),
  );
  if (!isNothing) return;
  const message = "There should be parties, dialog, analysis or attachments.";
  yield core.fault("4", "warning", "nothingInIt", message);
}
