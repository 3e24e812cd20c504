/** The vCon as a whole, for steps that change what is in it. */
import { formOf, type Vcon, type VconView, wholeOf } from "../../core/index.ts";
import { StepError } from "../kit/index.ts";

/**
 * @param view read with `WHOLE_PARTS`
 * @throws StepError with advice for a signed or encrypted vCon
 */
export async function unsignedOf(view: VconView): Promise<Vcon> {
  if (view.sealed === undefined) return (await wholeOf(view)) as Vcon;
  throw new StepError(
    `It is ${formOf(view.sealed)}, so what is in it can't be changed. Wire an "open" node before this one, and go on with the version to work on that it makes.`,
    { code: "VCON_SEALED" },
  );
}
