/** The lawful basis of processing (draft-howe-vcon-lawful-basis-02). */
import { LAWFUL_BASES, LAWFUL_BASIS_EXTENSION } from "../../extensions/lawful-basis.ts";
import { type Check, draft, leniently, list, NONE, object, text } from "../check.ts";
import { choice, date, flag, httpsUrl, matching, suggestion } from "../values.ts";
import { type Extension, jsonContent } from "./extension.ts";

const lawful = draft("lawful-basis-02");

const HEX = /^[\da-f]+$/i;

const anyObject = object({});
const dateOrNull: Check = (value, ...place) => (value === null ? NONE : date(value, ...place));

const grant = object({
  purpose: lawful.must("5.2.3", text),
  granted: lawful.must("5.2.3", flag),
  granted_at: lawful.must("5.2.3", date),
  conditions: lawful.may("5.2.3", list(text)),
});

const proof = object({
  proof_type: lawful.must(
    "5.2.4",
    suggestion("verbal_confirmation", "signed_document", "cryptographic_signature", "external_system"),
  ),
  timestamp: lawful.must("5.2.4", date),
  proof_data: lawful.must("5.2.4", anyObject),
});

const bodyHash = object({
  algorithm: lawful.must("5.2.2", suggestion("sha-256", "sha-3-256", "blake2b-256")),
  canonicalization: lawful.must("5.2.2", suggestion("jcs")),
  value: lawful.must("5.2.2", matching(HEX, "error", "hex", "A hash in hexadecimal belongs here.")),
});

const body = object({
  lawful_basis: lawful.must("5.2.1", choice(...LAWFUL_BASES)),
  expiration: lawful.must("5.2.1", dateOrNull),
  purpose_grants: lawful.must("5.2.1", list(grant)),
  terms_of_service: lawful.may("5.2.2", leniently(httpsUrl)),
  status_interval: lawful.may("5.2.2", leniently(text)),
  content_hash: lawful.may("5.2.2", bodyHash),
  registry: lawful.may(
    "5.2.2",
    object({
      type: lawful.must("5.2.2", suggestion("scitt")),
      url: lawful.must("5.2.2", leniently(httpsUrl)),
    }),
  ),
  proof_mechanisms: lawful.may("5.2.2", list(proof)),
  metadata: lawful.may("5.2.2", leniently(anyObject)),
});

const basis = jsonContent(lawful, "5.1", body);

export const lawfulBasis: Extension = {
  name: LAWFUL_BASIS_EXTENSION,
  critical: "needless",
  rules: {
    attachments: (attachment, ...place) =>
      attachment.purpose === LAWFUL_BASIS_EXTENSION ? basis(attachment, ...place) : NONE,
  },
  uses: (section, { purpose }) => section === "attachments" && purpose === LAWFUL_BASIS_EXTENSION,
};
