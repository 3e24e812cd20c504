/** A vCon that is given out together with others, of which one must not spoil the answer. */
import { categoriesOf, SYNTAX, type Syntax, streamVcon, WHOLE_PARTS } from "../../core/index.ts";
import type { Call } from "../call.ts";
import { handedOut } from "./handing-out.ts";
import { isNotFound } from "./output.ts";

/**
 * @param options.syntax of an unsigned one; what is sealed comes as it is
 * @param options.emptyArrays as in Telling
 * @returns its JSON, undefined if it is not there
 */
export async function streamIfThere(
  call: Call,
  uuid: string,
  { syntax, emptyArrays = false }: { syntax: Syntax; emptyArrays?: boolean },
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const store = await call.api.store();
  try {
    const view = await store.read(uuid, WHOLE_PARTS);
    await handedOut(call, view, categoriesOf(view));
    return streamVcon(view, { syntax: view.sealed ? SYNTAX : syntax, emptyArrays });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
