/**
 * The contact centre extension (draft-ietf-vcon-cc-extension-02): labels on parties and dialogs. They are written as
 * any member is; `addParty` lists {@link CC_EXTENSION} for a party's, for a dialog's the caller does.
 */
import { isObject } from "../json.ts";
import type { Dialog, JsonObject, Party } from "../types.ts";

/** The extension's name in `extensions`. */
export const CC_EXTENSION = "CC";

/** What the extension adds to a party (section 3.1). */
export interface ContactCenterParty {
  role?: "agent" | "customer" | "supervisor" | "sme" | "thirdparty" | (string & {});
  /** Names the list that the party was taken from. */
  contact_list?: string;
}

/** What the extension adds to a dialog (section 3.2). */
export interface ContactCenterDialog {
  campaign?: string;
  interaction_type?: string;
  /** The contact centre's own identifier; the same for all dialogs of an interaction. */
  interaction_id?: string;
  skill?: string;
}

/** The skills of a dialog: one in a text, as the draft's text says, or a list of them, as its schema does. */
export function skillsOf(dialog: Dialog): string[] {
  return [dialog["skill"]].flat().filter((skill) => typeof skill === "string" && skill !== "") as string[];
}

/** Whether a party's `role` is that of the agent session extension, which defines one in its own right. */
export function isRoleInSession({ meta }: Party | JsonObject): boolean {
  return isObject(meta) && meta.agent_session !== undefined;
}
