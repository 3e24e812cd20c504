import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  contentHash,
  contentHashOfStream,
  decodeBase64Url,
  decodeBase64UrlStream,
  encodeBase64Url,
  mediatypeOf,
} from "../../../core/vcon/index.ts";

async function* piecesOf(bytes: Uint8Array, cuts: number[]) {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  for (const [index, end] of places.slice(1).entries()) yield bytes.subarray(places[index], end);
}

async function decodePieces(pieces: string[]): Promise<Buffer> {
  async function* bytes() {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  const decoded: Buffer[] = [];
  for await (const piece of decodeBase64UrlStream(bytes())) decoded.push(piece);
  return Buffer.concat(decoded);
}

describe("base64url", () => {
  it("is written in the URL alphabet without padding", () => {
    expect(encodeBase64Url(Buffer.from([0xfb, 0xff, 0xbf, 0xff]))).toBe("-_-__w");
  });

  it.each(["-_-__w", "+/+//w==", "-_-__w=="])("is read as %s", async (text) => {
    const bytes = Buffer.from([0xfb, 0xff, 0xbf, 0xff]);
    expect(decodeBase64Url(text)).toEqual(bytes);
    expect(await decodePieces([...text])).toEqual(bytes);
  });

  it.each(["a b", "aGk\n", "aGk!", "aäbc", "a", "aGk===", "aG=k", "aGk=aGk=", "data:,x"])(
    "is not %j",
    async (text) => {
      const malformed = expect.objectContaining({ code: "VCON_MALFORMED" });
      expect(() => decodeBase64Url(text)).toThrow(malformed);
      await expect(decodePieces([text])).rejects.toThrow(malformed);
      await expect(decodePieces([...text])).rejects.toThrow(malformed);
    },
  );

  it("comes back from any bytes, cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.array(fc.nat()), fc.boolean(), async (bytes, cuts, standard) => {
        const text = standard ? Buffer.from(bytes).toString("base64") : encodeBase64Url(bytes);
        const pieces: Buffer[] = [];
        for await (const piece of decodeBase64UrlStream(piecesOf(Buffer.from(text), cuts)))
          pieces.push(piece);
        expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
        expect(decodeBase64Url(text).equals(bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a content hash", () => {
  // SHA-512 of "abc", FIPS 180-4's example.
  const hash = `sha512-${Buffer.from(
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "hex",
  ).toString("base64url")}`;

  it("is SHA-512 in base64url", async () => {
    expect(contentHash(Buffer.from("abc"))).toBe(hash);
    expect(await contentHashOfStream(piecesOf(Buffer.from("abc"), [1, 2]))).toBe(hash);
  });
});

describe("a media type", () => {
  it.each([
    ["Audio/X-WAV", "audio/x-wav"],
    ['multipart/mixed; \n\tboundary="----=_Part"', "multipart/mixed"],
    [" text/plain ;charset=utf-8", "text/plain"],
    ["", undefined],
    [undefined, undefined],
    [12345, undefined],
  ])("%j compares as %j", (mediatype, expected) => {
    expect(mediatypeOf({ mediatype: mediatype as string })).toBe(expected);
  });
});
