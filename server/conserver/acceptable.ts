/** What a vCon needs to be taken: what the conserver asks for, without refusing what is right by the drafts. */
import Type from "typebox";
import { formOf } from "../../core/index.ts";
import { type Fault, invalid } from "../errors.ts";
import { bodyReader } from "../parameters.ts";

/** Of the signature or hash beside a URL, in the syntax of 2022 and the conserver's. */
const ALGORITHMS = [
  ...["SHA-256", "SHA-384", "SHA-512"],
  ...["HS256", "HS384", "HS512"],
  ...["RS256", "RS384", "RS512"],
  ...["ES256", "ES384", "ES512"],
  ...["PS256", "PS384", "PS512"],
];

/** Old libraries write null for what is not there. */
const orNull = (type: string, rules: object = {}) => Type.Unsafe<unknown>({ type: [type, "null"], ...rules });

const Dialog = orNull("object", {
  properties: {
    duration: orNull("number", { minimum: 0 }),
    url: orNull("string", { format: "uri" }),
    mimetype: orNull("string", { format: "media-type" }),
    mediatype: orNull("string", { format: "media-type" }),
    alg: Type.Unsafe<unknown>({ enum: [null, ...ALGORITHMS] }),
  },
});

const Unsigned = Type.Object({
  vcon: Type.String(),
  uuid: Type.String({ format: "uuid" }),
  created_at: Type.Unsafe<unknown>({ type: ["string", "number"], format: "date-time" }),
  parties: Type.Optional(Type.Array(orNull("object"))),
  dialog: Type.Optional(Type.Array(Dialog)),
  analysis: Type.Optional(Type.Array(orNull("object"))),
  attachments: Type.Optional(Type.Array(orNull("object"))),
});

export const AcceptableVcon = Type.Union(
  [
    Unsigned,
    Type.Object({ payload: Type.String(), signatures: Type.Array(Type.Unknown()) }),
    Type.Object({ ciphertext: Type.String(), recipients: Type.Array(Type.Unknown()) }),
  ],
  { title: "AcceptableVcon", description: "A vCon of any syntax: unsigned, signed or encrypted." },
);

const readUnsigned = bodyReader(Unsigned);

/** Of what can't be taken; what is sealed is for its reader to judge. @throws ApiError 422 */
export function requireAcceptable(sent: unknown): void {
  if (typeof sent === "object" && sent !== null && formOf(sent) !== "unsigned") return;
  const { parties = [], dialog = [] } = readUnsigned(sent);
  for (const [index, element] of dialog.entries()) {
    const fault = partiesFault((element as { parties?: unknown } | null)?.parties, parties.length);
    if (fault) throw invalid([{ ...fault, at: ["body", "dialog", index, ...fault.at] }]);
  }
}

/** One index, or a list of them with a list for a channel that several share and null for one that nobody has. */
function partiesFault(indices: unknown, count: number): Fault | undefined {
  const wrong = [indices]
    .flat(2)
    .find((index) => !(index === undefined || index === null || isIndex(index, count)));
  if (wrong === undefined) return undefined;
  return {
    at: ["parties"],
    says: Number.isInteger(wrong) ? "It names a party that is not there." : "It is no index of a party.",
  };
}

function isIndex(value: unknown, count: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < count;
}
