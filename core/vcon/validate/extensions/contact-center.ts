/** The contact centre extension (draft-ietf-vcon-cc-extension-02). */
import { CC_EXTENSION } from "../../extensions/contact-center.ts";
import { draft, fault, leniently, type Place, text } from "../check.ts";
import { agentSessionOf } from "./agent-session.ts";
import { type Extension, hasAny } from "./extension.ts";

const cc = draft("cc-extension-02");
const label = leniently(text);

const PARTY = { role: cc.may("3.1.1", label), contact_list: cc.may("3.1.2", label) };
const DIALOG = {
  campaign: cc.may("3.2.1", label),
  interaction_type: cc.may("3.2.2", label),
  interaction_id: cc.may("3.2.3", label),
  skill: cc.may("3.2.4", skill),
};

const PARTY_NAMES = Object.keys(PARTY);
const DIALOG_NAMES = Object.keys(DIALOG);

const SKILLS = [
  fault("info", "skillList", "The draft's text has a single text here, only its schema an array of them."),
];

function skill(value: unknown, ...place: Place) {
  return Array.isArray(value) && value.every((one) => typeof one === "string")
    ? SKILLS
    : label(value, ...place);
}

export const contactCenter: Extension = {
  name: CC_EXTENSION,
  critical: "needless",
  members: { parties: PARTY, dialog: DIALOG },
  uses: (section, element) => {
    if (section === "dialog") return hasAny(element, DIALOG_NAMES);
    if (section !== "parties") return false;
    // An agent's session has a role of its own right.
    return hasAny(element, agentSessionOf(element) ? ["contact_list"] : PARTY_NAMES);
  },
};
