/** What a signed vCon says, for those who need not know whether it is true. */
import { gunzipSync } from "node:zlib";
import { VconError } from "../errors.ts";
import { isObject, parseStructure } from "./json.ts";
import { decodeBase64Url } from "./media.ts";
import type { EncryptedVcon, SignedVcon } from "./types.ts";

/** The most that a gzipped payload may unpack to: one of 1 MB may hold 1 GB. */
const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;

/**
 * The JSON that is signed, which is only encoded; undefined for what is none. No signature is verified here.
 *
 * @throws VconError `VCON_TOO_LARGE` for a payload that unpacks to more than 128 MiB
 */
export function payloadOf(vcon: SignedVcon | EncryptedVcon): unknown {
  const { payload } = isObject(vcon) ? vcon : {};
  if (typeof payload !== "string") return;
  try {
    const bytes = decodeBase64Url(payload);
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const json = (isGzip ? gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }) : bytes).toString();
    return parseStructure(json, Number.POSITIVE_INFINITY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") return;
    throw new VconError(
      "VCON_TOO_LARGE",
      `The payload of this signed vCon unpacks to more than ${MAX_UNPACKED_BYTES} bytes.`,
    );
  }
}
