/** The vCons that a message holds. */
import { type Found, StepError } from "../../kit/index.ts";
import { readFrom } from "./read-from.ts";

/** As `http in` puts an uploaded file on the message. */
interface Upload {
  buffer: Buffer;
  originalname?: unknown;
}

/** @param held one vCon, as a Buffer, a text, an object or an uploaded file, or a list of them */
export async function* foundIn(held: unknown, maxBytes: number): AsyncGenerator<Found, void> {
  if (held === undefined || held === null || held === "") {
    throw new StepError(`"vCons" holds nothing. Open the node and set where they stand in the message.`, {
      code: "BAD_INPUT",
    });
  }
  for (const item of Array.isArray(held) ? held : [held]) {
    const { content, filename } = isUpload(item)
      ? { content: item.buffer, filename: item.originalname }
      : { content: item };
    yield {
      message: { payload: item, ...(typeof filename === "string" && { filename }) },
      again: true,
      read: (uuidFor) => readFrom(content, maxBytes, uuidFor),
    };
  }
}

function isUpload(item: unknown): item is Upload {
  return Buffer.isBuffer((item as Partial<Upload> | null)?.buffer);
}
