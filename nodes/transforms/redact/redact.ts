/** Makes a redacted version of a vCon, which stays as it is. */
import {
  findPartyIndices,
  type Index,
  type PartyDetail,
  type Redaction,
  readVcon,
  redactVcon,
  type Vcon,
  WHOLE_PARTS,
} from "../../../core/index.ts";
import {
  type ConfigOf,
  choice,
  rows,
  StepError,
  several,
  text,
  toggle,
  transform,
  typed,
} from "../../kit/index.ts";
import { unsignedOf } from "../unsigned.ts";

/** The details of a party that the form offers together, and what they are called there. */
const DETAILS = {
  name: "Name",
  tel: "Telephone number",
  mailto: "E-mail address",
  sip: "SIP address",
  place: "Postal address and position",
  organisation: "Organisation and department",
  identifiers: "Identifiers",
  other: "Anything that the format does not define",
};

/** A STIR token tells the numbers of both sides. */
const WHICH: Record<keyof typeof DETAILS, readonly PartyDetail[]> = {
  name: ["name"],
  tel: ["tel", "stir"],
  mailto: ["mailto"],
  sip: ["sip"],
  place: ["civicaddress", "gmlpos"],
  organisation: ["org", "dept"],
  identifiers: ["did", "uuid", "validation", "contact_list"],
  other: ["other"],
};

const fields = {
  people: rows(
    {
      by: choice(
        {
          role: "Role",
          name: "Name",
          tel: "Telephone number",
          mailto: "E-mail address",
          sip: "SIP address",
          did: "Decentralised identifier",
        },
        { label: "By" },
      ),
      value: typed({ label: "Who", types: ["str", "msg", "jsonata"], required: true }),
    },
    {
      label: "People",
      icon: "user-times",
      item: "person",
      hint: "all that they said, and all that names them",
    },
  ),
  details: several(DETAILS, {
    label: "Details",
    icon: "address-card-o",
    default: [],
    hint: "of everybody, in the list of who took part",
  }),
  recordings: toggle({ label: "Recordings", icon: "file-audio-o", hint: "all audio and video" }),
  texts: toggle({ label: "Texts", icon: "comments-o", hint: "of all chats, messages and e-mails" }),
  analyses: choice(
    { keep: "Keep", transcripts: "Take out transcripts", all: "Take out all" },
    { label: "Analyses", icon: "bar-chart" },
  ),
  attachments: choice(
    { keep: "Keep", others: "Take out all but tags", all: "Take out all" },
    { label: "Attachments", icon: "paperclip" },
  ),
  reason: text({
    label: "Reason",
    icon: "comment-o",
    default: "personal data",
    required: true,
    hint: "what was taken out, as the new vCon tells it",
  }),
};
type Config = ConfigOf<typeof fields>;
type Person = Config["people"][number];

export default transform({
  type: "vcon-redact",
  label: "redact",
  icon: "vcon-redact.svg",
  fields,
  reads: WHOLE_PARTS,
  run: async ({ vcon: view, config, copyUuid }) => {
    refuseNothing(config);
    // Whoever wrote it: people are looked for in the newest syntax.
    const vcon = readVcon(await unsignedOf(view)).vcon as Vcon;
    const what = redactionOf(vcon, config);
    const { reason: type } = config;
    // Another message may name other people.
    const uuid = await copyUuid(JSON.stringify([type, what]));
    return { copy: redactVcon(vcon, what, { uuid, type }) };
  },
});

/** An operator who forgot to choose would share everything. */
function refuseNothing({ people, details, recordings, texts, analyses, attachments }: Config): void {
  const isChosen =
    people.length + details.length > 0 ||
    recordings ||
    texts ||
    analyses !== "keep" ||
    attachments !== "keep";
  if (isChosen) return;
  throw new StepError("This node is not told what to take out. Open it and choose.", {
    code: "NOT_CONFIGURED",
  });
}

function redactionOf(vcon: Vcon, config: Config): Redaction {
  const { people, details, recordings, texts, analyses, attachments } = config;
  return {
    recordings,
    texts,
    ...(analyses !== "keep" && { analyses: analyses === "all" ? "all" : ["transcript"] }),
    ...(attachments !== "keep" && { attachments: attachments === "all" ? "all" : "all but tags" }),
    ...(details.length > 0 && { details: { which: details.flatMap((detail) => WHICH[detail]) } }),
    parties: people.flatMap((person, row) => partiesOf(vcon, person, row + 1)),
  };
}

/** A person who is not found would stay in what is told to be redacted. */
function partiesOf(vcon: Vcon, person: Person, row: number): Index[] {
  const found = findPartyIndices(vcon, person.by, whoIn(person, row));
  if (found.length > 0) return found;
  throw new StepError(
    `Nobody in the vCon fits row ${row} of "People", so no redacted version was made. Correct the row, or keep such vCons from this node.`,
    { code: "PERSON_NOT_FOUND" },
  );
}

function whoIn({ value }: Person, row: number): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new StepError(
    `The message names nobody for row ${row} of "People", so no redacted version was made. See to it that it holds a text there, or correct the row.`,
    { code: "BAD_INPUT" },
  );
}
