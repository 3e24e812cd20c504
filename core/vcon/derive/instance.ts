/** What every vCon that is made of another one begins as. */
import { VconError } from "../../errors.ts";
import { readVcon } from "../read.ts";
import type { Vcon } from "../types.ts";
import { newUuid, parseUuid } from "../uuid.ts";

export interface InstanceOptions {
  /** Of the new vCon; made where it is not given. */
  uuid?: string;
}

/**
 * A deep copy in the syntax of core-04 with a UUID and a creation time of its own; it shares nothing with the given
 * vCon that could be changed.
 *
 * @throws VconError `VCON_SEALED` for a signed or encrypted one, `VCON_MALFORMED`, `UUID_MALFORMED`
 */
export function newInstance(vcon: Vcon, { uuid = newUuid() }: InstanceOptions): Vcon {
  const read = readVcon(vcon);
  if (read.form !== "unsigned") {
    throw new VconError("VCON_SEALED", `The vCon is ${read.form}. Make the new one of its opened form.`);
  }
  const { updated_at: _, ...members } = read.vcon;
  return { ...members, uuid: parseUuid(uuid), created_at: new Date().toISOString() };
}
