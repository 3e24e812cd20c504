/** Checks of an Attachment Object (core-04 section 4.4). */
import { type Check, core, type Members, object, text } from "./check.ts";
import { ATTACHMENT_CONTENT, contentMembers, hashedUrl, inlineContent, someContent } from "./content.ts";
import { rulesOfExtensions } from "./extensions.ts";
import { otherMembers, RENAMED } from "./other-members.ts";
import { orPlaceholder } from "./placeholder.ts";
import { date, placeIn } from "./values.ts";

const MEMBERS: Members = {
  purpose: core.may("4.4.1", text),
  start: core.must("4.4.2", date),
  party: core.must("4.4.3", placeIn("parties")),
  dialog: core.must("4.4.4", placeIn("dialog")),
  ...contentMembers(ATTACHMENT_CONTENT),
};

export const attachment: Check = orPlaceholder(
  object(
    MEMBERS,
    hashedUrl,
    inlineContent(ATTACHMENT_CONTENT),
    someContent(ATTACHMENT_CONTENT),
    rulesOfExtensions("attachments"),
    otherMembers(MEMBERS, RENAMED.attachment),
  ),
);
