/** Where a search goes on, as an opaque text. */
import { type Entry, findUuid } from "../../core/index.ts";
import { ApiError } from "../errors.ts";

const CURSOR = /^(-?\d{1,16}) (\S+)$/;

export function cursorOf({ createdAt, uuid }: Entry): string {
  return Buffer.from(`${createdAt} ${uuid}`).toString("base64url");
}

/** @throws ApiError 400 */
export function entryAt(cursor: string): Entry {
  const [, createdAt, uuid] = CURSOR.exec(Buffer.from(cursor, "base64url").toString("latin1")) ?? [];
  if (createdAt !== undefined && uuid !== undefined && findUuid(uuid) === uuid) {
    return { createdAt: Number(createdAt), uuid };
  }
  throw new ApiError(
    400,
    "CURSOR_MALFORMED",
    "This cursor was not given by a search: take it from `next` or from the Link header, or begin without one.",
  );
}
