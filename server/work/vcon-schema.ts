/** What a vCon looks like, as far as the description of the API tells it; what one is, its reader judges. */
import Type from "typebox";

const EXAMPLE = {
  uuid: "0199c5a4-6f3e-8b7d-9a51-2f6d1c0e4b7a",
  created_at: "2026-11-02T10:00:00Z",
  parties: [
    { role: "customer", name: "Carol Carter", tel: "+12025550101" },
    { role: "agent", name: "Alice Archer", mailto: "alice@example.com" },
  ],
  dialog: [
    {
      type: "text",
      start: "2026-11-02T10:00:00Z",
      parties: [0, 1],
      mediatype: "text/plain",
      encoding: "none",
      body: "Good morning.",
    },
  ],
};

const AnyMembers = { additionalProperties: true };
const Elements = Type.Optional(Type.Array(Type.Object({}, AnyMembers)));

const UnsignedVcon = Type.Object(
  {
    uuid: Type.String({ format: "uuid" }),
    created_at: Type.String({ format: "date-time" }),
    parties: Elements,
    dialog: Elements,
    analysis: Elements,
    attachments: Elements,
  },
  { ...AnyMembers, title: "UnsignedVcon", examples: [EXAMPLE] },
);

const SignedVcon = Type.Object(
  {
    payload: Type.String({ description: "The vCon, in base64url." }),
    signatures: Type.Array(Type.Object({}, AnyMembers)),
  },
  {
    ...AnyMembers,
    title: "SignedVcon",
    description: "JWS General JSON Serialization, with the UUID in a header.",
  },
);

const EncryptedVcon = Type.Object(
  { ciphertext: Type.String(), recipients: Type.Array(Type.Object({}, AnyMembers)) },
  {
    ...AnyMembers,
    title: "EncryptedVcon",
    description: "JWE General JSON Serialization, with the UUID in a header that is not encrypted.",
  },
);

export const VconSchema = Type.Union([UnsignedVcon, SignedVcon, EncryptedVcon], {
  title: "Vcon",
  description:
    "A vCon in one of its three forms (draft-ietf-vcon-vcon-core). Members that no draft knows are kept.",
});
