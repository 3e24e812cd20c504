/** UUIDs of vCons: made as version 8 in the form that deployed systems share, read in any version. */
import { createHash, randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { VconError } from "../errors.ts";

const UUID = /^(?:vcon:|urn:uuid:)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;

/** Each process is a host of its own, or two of them would make the same UUID in the same microsecond. */
const processHost = `${randomBytes(8).toString("hex")}.${hostname()}`;
let lastTick = 0n;

/** A new version 8 UUID, different from every other that this process has made. */
export function newUuid(): string {
  const now = BigInt(Date.now()) << 12n;
  lastTick = now > lastTick ? now : lastTick + 1n;
  return uuid8(processHost, Number(lastTick >> 12n), Number(lastTick & 0xfffn));
}

/**
 * The version 8 UUID of a host and a time: 48 bits of Unix time in milliseconds, 12 bits of time below it,
 * and the high 64 bits of SHA-1 over the host name with the variant written over their first two. That is
 * what py-vcon, vcon-lib and the conserver make; the literal text of core-04 section 4.1.2 gives other bits.
 *
 * @param host fully qualified name of the host that makes the vCon
 * @param milliseconds Unix time, at most 48 bits
 * @param belowMillisecond 0 to 4095
 */
export function uuid8(host: string, milliseconds: number, belowMillisecond: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(milliseconds, 0, 6);
  bytes.writeUInt16BE(0x8000 | belowMillisecond, 6);
  createHash("sha1").update(host).digest().copy(bytes, 8, 0, 8);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The UUID in `text`, in lower case; `vcon:<uuid>` and `urn:uuid:<uuid>` are accepted. Undefined if it is none. */
export function findUuid(text: unknown): string | undefined {
  return typeof text === "string" ? UUID.exec(text.trim())?.[1]?.toLowerCase() : undefined;
}

/** Like {@link findUuid}, but anything else is a {@link VconError} `UUID_MALFORMED`. */
export function parseUuid(text: unknown): string {
  const uuid = findUuid(text);
  if (uuid === undefined) throw new VconError("UUID_MALFORMED", "Not the UUID of a vCon.");
  return uuid;
}
