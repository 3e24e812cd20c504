/** Tells what core refuses with the place that it came from, as programs of the conserver read it. */
import { VconError } from "../../core/index.ts";
import { asApiError, type Fault, invalid } from "../errors.ts";

/** @throws ApiError 422 with the place, where it would be one without; else what the work throws */
export async function located<Result>(at: Fault["at"], work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VconError && asApiError(error).status === 422)) throw error;
    throw invalid([{ at, says: error.message }]);
  }
}
