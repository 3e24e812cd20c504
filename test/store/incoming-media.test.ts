import { describe, expect, test } from "vitest";
import { encodeBase64Url, LARGE_BODY_BYTES } from "../../core/index.ts";
import { incomingText } from "../../core/store/incoming-media.ts";

const PIECE_BYTES = 100_000;
const MEGABYTE = 1024 * 1024;

async function* repeated(piece: Uint8Array, times: number, end = () => {}): AsyncGenerator<Uint8Array> {
  try {
    for (let i = 0; i < times; i++) yield piece;
  } finally {
    end();
  }
}

describe("the text of incoming media", () => {
  test.each([1, 1000, 99_999, 100_000, 700_001])(
    "comes in even pieces from pieces of %i bytes",
    async (length) => {
      const times = Math.ceil(150_000 / length);
      const text = await incomingText(repeated(Buffer.alloc(length, 7), times), PIECE_BYTES);
      const pieces: Buffer[] = [];
      for await (const piece of text as AsyncIterable<Buffer>) pieces.push(piece);
      expect(pieces.slice(0, -1).every((piece) => piece.length === PIECE_BYTES)).toBe(true);
      expect(pieces.at(-1)!.length).toBeLessThanOrEqual(PIECE_BYTES);
      expect(Buffer.concat(pieces).toString()).toBe(encodeBase64Url(Buffer.alloc(length * times, 7)));
    },
  );

  test("is one text if it is small", async () => {
    const most = Buffer.alloc((LARGE_BODY_BYTES / 4) * 3, 7);
    expect(await incomingText(repeated(most, 1), PIECE_BYTES)).toBe(encodeBase64Url(most));
    expect(await incomingText(repeated(most, 0), PIECE_BYTES)).toBe("");
  });

  test("ends the reading of the bytes where nobody wants more", async () => {
    let isOver = false;
    const bytes = repeated(Buffer.alloc(PIECE_BYTES), 10, () => {
      isOver = true;
    });
    const text = (await incomingText(bytes, PIECE_BYTES)) as AsyncIterable<Buffer>;
    for await (const _ of text) break;
    expect(isOver).toBe(true);
  });

  test("is refused where no store could hold it", async () => {
    const text = await incomingText(repeated(Buffer.alloc(16 * MEGABYTE), 24), 4 * MEGABYTE);
    let length = 0;
    const reading = (async () => {
      for await (const piece of text as AsyncIterable<Buffer>) length += piece.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: "VCON_TOO_LARGE" });
    expect(length).toBeGreaterThan(400 * MEGABYTE);
  });
});
