/** Puts a vCon that was sent into the store, whatever its form and syntax. */
import { isDeepStrictEqual } from "node:util";
import {
  type AnyVcon,
  outerUuid,
  readAgain,
  readVcon,
  SECTIONS,
  type SignedVcon,
  VconError,
  type VconStore,
  WHOLE_PARTS,
  wholeOf,
} from "../../core/index.ts";
import type { Call } from "../call.ts";
import { ApiError, invalid } from "../errors.ts";
import { eventBy } from "./events.ts";

export interface Deposit {
  uuid: string;
  /** In the newest syntax, as it is in the store now. */
  vcon: AnyVcon;
  /** "kept": all of it was there already, maybe with more. */
  outcome: "created" | "replaced" | "kept";
}

/** Each is entered in the indexes: 2,000 take a fraction of a second, a million would take minutes. */
const MOST_PARTIES = 2000;

/** How often a vCon is read again because others have changed it meanwhile. */
const MOST_ATTEMPTS = 10;

/** Reads what was sent. @param inspect as in readVcon @throws VconError, ApiError 422 */
export function readSent(
  call: Call,
  sent: string | Uint8Array | object,
  inspect?: (sent: unknown) => void,
): { uuid: string; vcon: AnyVcon } {
  const { maxBytes } = call.api.settings;
  const { vcon, form } = readVcon(sent, { maxBytes, ...(inspect && { inspect }) });
  const { parties } = vcon as { parties?: unknown };
  if (Array.isArray(parties) && parties.length > MOST_PARTIES) {
    throw invalid([{ at: ["body", "parties"], says: `They are more than ${MOST_PARTIES}.` }]);
  }
  const uuid = form === "unsigned" ? vcon.uuid : outerUuid(vcon as SignedVcon);
  if (uuid === undefined) throw invalid([{ at: ["body", "uuid"], says: "The vCon tells no UUID." }]);
  return { uuid, vcon };
}

/**
 * Stores it, and puts it in the place of one of the same UUID: programs of the conserver change a vCon by sending all of
 * it again. One that has everything that was sent, and more, stays: it was sent twice, and has been worked on since.
 */
export async function deposit(call: Call, uuid: string, vcon: AnyVcon): Promise<Deposit> {
  const store = await call.api.store();
  const event = eventBy(call, "vcon_received");
  if (await store.create(vcon, event)) return { uuid, vcon, outcome: "created" };
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const now = await present(store, uuid);
    if (now === undefined) {
      if (await store.create(vcon, event)) return { uuid, vcon, outcome: "created" };
    } else if (holds(now.vcon, vcon)) {
      return { uuid, vcon: now.vcon, outcome: "kept" };
    } else if (await store.replace(uuid, now.revision, vcon, [event])) {
      return { uuid, vcon, outcome: "replaced" };
    }
  }
  throw new ApiError(
    409,
    "CHANGED_MEANWHILE",
    `vCon ${uuid} was changed by others again and again. Send it once more.`,
  );
}

/** The whole vCon, undefined where there is none. */
export async function present(
  store: VconStore,
  uuid: string,
): Promise<{ vcon: AnyVcon; revision: string } | undefined> {
  try {
    return await readAgain(async () => {
      const view = await store.read(uuid, WHOLE_PARTS);
      return { vcon: await wholeOf(view), revision: view.revision };
    });
  } catch (error) {
    if (error instanceof VconError && error.code === "VCON_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Whether all that was sent is there; the elements of the arrays in their places, others behind them. */
export function holds(there: AnyVcon, sent: AnyVcon): boolean {
  return Object.entries(sent).every(([member, value]) => {
    const now = there[member];
    if (member === "updated_at") return true;
    const isGrowing = ["parties", "extensions", ...SECTIONS].includes(member) && Array.isArray(value);
    if (!isGrowing) return isDeepStrictEqual(now, value);
    const array = Array.isArray(now) ? now : [];
    return value.every((element, i) => isDeepStrictEqual(array[i], element));
  });
}
