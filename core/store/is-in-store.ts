/** Whether a vCon is in a store, in whichever form. */
import { VconError } from "../errors.ts";
import type { VconStore } from "./store.ts";

/** @throws VconError `STORE_UNAVAILABLE` */
export async function isInStore(store: VconStore, uuid: string): Promise<boolean> {
  try {
    await store.read(uuid, []);
    return true;
  } catch (error) {
    if (error instanceof VconError && error.code === "VCON_SEALED") return true;
    if (error instanceof VconError && error.code === "VCON_NOT_FOUND") return false;
    throw error;
  }
}
