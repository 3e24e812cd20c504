/** Reads a vCon from somewhere else, and gives it a UUID where it has none. */
import { createHash } from "node:crypto";
import { types } from "node:util";
import { type AnyVcon, type EncryptedVcon, outerUuid, type ReadVcon, readVcon } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";

export interface NewVcon {
  uuid: string;
  vcon: AnyVcon;
  message: Pick<ReadVcon, "form" | "changes">;
}

/**
 * @param uuidFor the UUID for one that has none, by the hash of its bytes: the same file twice is the same vCon
 * @throws VconError or StepError whose code begins with "VCON_", if it is no vCon that can be stored
 */
export async function readFrom(
  input: string | Uint8Array | object,
  maxBytes: number,
  uuidFor: (source: string) => Promise<string>,
): Promise<NewVcon> {
  const read = readVcon(input, { maxBytes });
  const { form, changes } = read;
  const told = read.form === "unsigned" ? uuidOf(read) : outerUuid(read.vcon);
  if (told !== undefined) return { uuid: told, vcon: read.vcon, message: { form, changes } };
  const uuid = await uuidFor(hashOf(input));
  return { uuid, vcon: withUuid(read, uuid), message: { form, changes } };
}

/** Undefined where it had none and reading made one up. */
function uuidOf({ vcon, changes }: ReadVcon & { form: "unsigned" }): string | undefined {
  const wasMade = changes.some(({ pointer, warning }) => pointer === "/uuid" && warning !== undefined);
  return wasMade ? undefined : vcon.uuid;
}

function withUuid(read: ReadVcon, uuid: string): AnyVcon {
  switch (read.form) {
    case "unsigned":
      return { ...read.vcon, uuid };
    case "encrypted":
      return { ...read.vcon, unprotected: { ...read.vcon.unprotected, uuid } } satisfies EncryptedVcon;
    case "signed":
      throw new StepError(
        "The signed vCon tells no UUID, and can't be given one without breaking its signature.",
        {
          code: "VCON_MALFORMED",
        },
      );
  }
}

function hashOf(input: string | Uint8Array | object): string {
  const bytes = typeof input === "string" || types.isUint8Array(input) ? input : JSON.stringify(input);
  return createHash("sha256").update(bytes).digest("hex");
}
