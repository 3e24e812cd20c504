/** Makes new vCons of a vCon that stays as it is. */
import type { Redacted, Vcon } from "../types.ts";
import { type InstanceOptions, newInstance } from "./instance.ts";

/**
 * A vCon with the same content that names no other: a conversation of its own, for trying things out or as a template.
 * A version that replaces the given one is made by {@link amendVcon} or `redactVcon`, which say what it was made of.
 * That something was redacted is still told, not of which vCon.
 *
 * @throws VconError `VCON_SEALED` for a signed or encrypted one, `VCON_MALFORMED`, `UUID_MALFORMED`
 */
export function copyVcon(vcon: Vcon, options: InstanceOptions = {}): Vcon {
  const { redacted, amended: _, ...members } = newInstance(vcon, options);
  return { ...members, ...(redacted && { redacted: withoutReference(redacted) }) } as Vcon;
}

/**
 * The next version of the vCon, to be added to: what is signed or was sent can't be changed itself (core-04 section
 * 4.1.9). It has all of the given one's content and names it in `amended`; a redacted one's `redacted`, which can't
 * stand beside it, is found by following that reference.
 *
 * @throws VconError `VCON_SEALED` for a signed or encrypted one, `VCON_MALFORMED`, `UUID_MALFORMED`
 */
export function amendVcon(vcon: Vcon, options: InstanceOptions = {}): Vcon {
  const { redacted: _, ...members } = newInstance(vcon, options);
  return { ...members, amended: { uuid: vcon.uuid } } as Vcon;
}

function withoutReference({ type }: Redacted): Redacted {
  return { type };
}
