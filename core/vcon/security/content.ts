/** What is signed or encrypted: the bytes of a vCon's JSON. */
import { constants } from "node:buffer";
import { sealed, VconError } from "../../errors.ts";
import type { Form } from "../form.ts";
import { outerUuid } from "../outer-uuid.ts";
import type { EncryptedVcon, SignedVcon, Vcon } from "../types.ts";
import { writeVcon } from "../write.ts";

/** What a string can hold in base64. */
const MAX_BYTES = Math.floor(constants.MAX_STRING_LENGTH / 4) * 3 - 64;

/** @throws VconError as {@link writeVcon} does, and `VCON_TOO_LARGE` for what could not be written in base64 */
export function contentBytes(vcon: Vcon | SignedVcon): Buffer {
  const bytes = Buffer.from(writeVcon(vcon));
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new VconError(
    "VCON_TOO_LARGE",
    `The vCon is longer than the ${MAX_BYTES} bytes that can be signed or encrypted.`,
  );
}

/** For a vCon that is sealed where it must not be. */
export function alreadySealed(vcon: Vcon | SignedVcon, form: Exclude<Form, "unsigned">): VconError {
  return sealed(outerUuid(vcon as SignedVcon | EncryptedVcon) ?? "without a UUID", form);
}
