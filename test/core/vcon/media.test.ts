import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkContentHash,
  contentHash,
  contentHashOfStream,
  decodeBase64Url,
  decodeBase64UrlStream,
  encodeBase64Url,
  encodeBase64UrlStream,
  knownContentHashes,
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

describe("bytes that come in pieces", () => {
  it("have the base64url text of all of them, cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.array(fc.nat()), async (bytes, cuts) => {
        const pieces: Buffer[] = [];
        for await (const piece of encodeBase64UrlStream(piecesOf(bytes, cuts))) pieces.push(piece);
        expect(Buffer.concat(pieces).toString()).toBe(encodeBase64Url(bytes));
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

  // FIPS 180-4's examples of the other two.
  const sha256 = `sha256-${Buffer.from(
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "hex",
  ).toString("base64url")}`;
  const sha384 = `sha384-${Buffer.from(
    "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    "hex",
  ).toString("base64url")}`;

  it("may be of SHA-256 and SHA-384", async () => {
    expect(contentHash(Buffer.from("abc"), "sha256")).toBe(sha256);
    expect(await contentHashOfStream(piecesOf(Buffer.from("abc"), [1]), "sha384")).toBe(sha384);
  });

  const wrong = contentHash(Buffer.from("abd"));
  const unknown = "blake2b-AAAA";

  /** What passes, and the error at its end if there is one. */
  async function passed(hashes: unknown): Promise<{ text: string; code: unknown }> {
    let text = "";
    try {
      for await (const piece of checkContentHash(piecesOf(Buffer.from("abc"), [1, 2]), hashes)) {
        text += Buffer.from(piece).toString();
      }
    } catch (error) {
      return { text, code: (error as { code?: string }).code };
    }
    return { text, code: undefined };
  }

  it.each([
    ["one of any algorithm", sha256],
    ["a list", [sha384, hash]],
    ["a list in which one fits", [wrong, sha256]],
    ["a list with algorithms that are not known", [unknown, hash]],
    ["a library's way to write it", hash.replace("sha512", "SHA-512")],
    [
      "the other alphabet and padding",
      `sha512-${Buffer.from(hash.slice(7), "base64url").toString("base64")}`,
    ],
  ])("lets the bytes pass that it fits, given %s", async (_, hashes) => {
    expect(await passed(hashes)).toEqual({ text: "abc", code: undefined });
  });

  it.each([
    ["one", wrong],
    ["a list", [wrong, unknown]],
    ["the digest of another algorithm", hash.replace("sha512", "sha256")],
    ["half a digest", hash.slice(0, 40)],
  ])("says behind the last byte that the file was changed, given %s", async (_, hashes) => {
    expect(await passed(hashes)).toEqual({ text: "abc", code: "MEDIA_CHANGED" });
  });

  it.each([[undefined], [null], [""], [unknown], [[]], [[unknown, 5, {}]], [{}], ["sha512"]])(
    "lets nothing pass that it can't check: %j",
    async (hashes) => {
      expect(await passed(hashes)).toEqual({ text: "", code: "MEDIA_REFUSED" });
      expect(knownContentHashes(hashes)).toEqual([]);
    },
  );

  it("checks what is cut anywhere", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.array(fc.nat()), fc.boolean(), async (bytes, cuts, change) => {
        const expected = contentHash(change ? Buffer.concat([bytes, Buffer.of(0)]) : bytes, "sha384");
        const pass = (async () => {
          const pieces: Uint8Array[] = [];
          for await (const piece of checkContentHash(piecesOf(bytes, cuts), expected)) pieces.push(piece);
          return Buffer.concat(pieces);
        })();
        if (change) await expect(pass).rejects.toMatchObject({ code: "MEDIA_CHANGED" });
        else expect((await pass).equals(bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
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
