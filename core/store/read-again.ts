/** For reading a vCon in several steps, between which another document may take its place. */
import { VconError } from "../errors.ts";

/** Reads until nothing was replaced meanwhile. */
export async function readAgain<Result>(read: () => Promise<Result>): Promise<Result> {
  while (true) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof VconError && error.code === "VCON_CHANGED")) throw error;
    }
  }
}
