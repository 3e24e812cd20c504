/** Makes a vCon and adds parts to it; each adder changes the vCon and gives back the index of the new part. */
import { CC_EXTENSION, isRoleInSession } from "./extensions/contact-center.ts";
import type { Analysis, Attachment, Dialog, Index, Party, Vcon } from "./types.ts";
import { newUuid } from "./uuid.ts";
import { SYNTAX } from "./write.ts";

/** A new vCon with the given members; `uuid` and `created_at` (RFC 3339) are made where they are not given. */
export function buildNew(members: Partial<Vcon> = {}): Vcon {
  return {
    ...members,
    vcon: SYNTAX,
    uuid: members.uuid ?? newUuid(),
    created_at: members.created_at ?? new Date().toISOString(),
  };
}

/** A party's role and contact list are those of the CC extension, which is then listed. */
export function addParty(vcon: Vcon, party: Party): Index {
  const hasRole = party.role !== undefined && !isRoleInSession(party);
  if (hasRole || party.contact_list !== undefined) addExtension(vcon, CC_EXTENSION);
  return add(vcon, "parties", party);
}

export function addDialog(vcon: Vcon, dialog: Dialog): Index {
  return add(vcon, "dialog", dialog);
}

/** Where the attachment doesn't say when, by whom and to which dialog: the creation of the vCon, and the first of each. */
export function addAttachment(vcon: Vcon, attachment: Attachment): Index {
  return add(vcon, "attachments", {
    ...attachment,
    start: attachment.start ?? vcon.created_at,
    party: attachment.party ?? 0,
    dialog: attachment.dialog ?? 0,
  });
}

export function addAnalysis(vcon: Vcon, analysis: Analysis): Index {
  return add(vcon, "analysis", analysis);
}

/** Lists the extension as used in the vCon (core-04 section 2.5), once. */
export function addExtension(vcon: Vcon, name: string): void {
  if (!vcon.extensions?.includes(name)) vcon.extensions = [...(vcon.extensions ?? []), name];
}

type Section = "parties" | "dialog" | "attachments" | "analysis";

function add<Name extends Section>(vcon: Vcon, section: Name, part: NonNullable<Vcon[Name]>[number]): Index {
  const parts: object[] = vcon[section] ?? [];
  vcon[section] = parts as Vcon[Name];
  return parts.push(part) - 1;
}
