/** Which members a dialog of each type must, should, may and must not have (core-04 section 4.3.1.6). */
import type { JsonObject } from "../types.ts";
import { type Fault, fault, RECOMMENDED, REQUIRED } from "./check.ts";

export const DIALOG_TYPES = ["recording", "recording-set", "text", "transfer", "incomplete"] as const;

/**
 * The draft's table: M must, S should, O may, SN should not, X must not be there; "-" has no meaning there. What its
 * footnotes want of content is in content.ts, and stands as O here.
 */
const TABLE = `
                    recording  recording-set  text  transfer  incomplete
  start             S          S              S     O         S
  duration          O          O              O     -         O
  parties           S          S              S     X         O
  originator        O          O              O     X         O
  recordings        X          M              X     X         X
  recording_set     O          X              X     X         X
  mediatype         O          X              O     X         X
  filename          O          X              O     X         X
  body              O          X              O     X         X
  encoding          O          X              O     X         X
  url               O          X              O     X         X
  content_hash      O          X              O     X         X
  disposition       SN         SN             SN    SN        M
  session_id        O          O              O     X         O
  party_history     O          O              O     X         O
  transferee        X          X              X     S         X
  transferor        X          X              X     S         X
  transfer_target   X          X              X     O         X
  original          X          X              X     S         X
  consultation      X          X              X     O         X
  target_dialog     X          X              X     S         X
  message_id        O          X              O     X         X`;

const MISSING: Faults = { M: REQUIRED, S: RECOMMENDED };
const PRESENT: Faults = {
  X: fault("error", "notApplicable", "A dialog of this type must not have this member."),
  SN: fault("warning", "discouraged", "A dialog of this type should not have this member."),
  "-": fault("info", "undefinedMeaning", "This member means nothing in a dialog of this type."),
};

/** By their letters. */
type Faults = Record<string, Fault>;

/** What is wrong where members are missing, and where they are there, by their names. */
interface Column {
  missing: ReadonlyMap<string, Fault>;
  present: ReadonlyMap<string, Fault>;
}

const COLUMNS = parse(TABLE);

/** What is wrong with the presence or absence of the dialog's members, with the member's name. */
export function* applicabilityFaults(dialog: JsonObject): Iterable<[name: string, Fault]> {
  const column = COLUMNS.get(dialog.type);
  if (column === undefined) return;
  for (const wanted of column.missing) if (dialog[wanted[0]] === undefined) yield wanted;
  for (const name of Object.keys(dialog)) {
    const found = column.present.get(name);
    if (found) yield [name, found];
  }
}

/** The columns by the type that heads them. */
function parse(table: string): Map<unknown, Column> {
  const [types = [], ...rows] = table
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const column = (place: number, faults: Faults): Map<string, Fault> =>
    new Map(
      rows.flatMap(([name = "", ...letters]) => {
        const found = faults[letters[place]!];
        return found ? [[name, { ...found, at: `/${name}` }]] : [];
      }),
    );
  return new Map(
    types.map((type, place) => [type, { missing: column(place, MISSING), present: column(place, PRESENT) }]),
  );
}
