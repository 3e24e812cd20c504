import { describe, expect, it } from "vitest";
import { dialogText, encodeBase64Url } from "../../../core/vcon/index.ts";

describe("dialogText", () => {
  it("reads text as it is written, and text in base64url", () => {
    expect(dialogText({ body: "Grüße", encoding: "none" })).toBe("Grüße");
    const body = encodeBase64Url(Buffer.from("Grüße"));
    expect(dialogText({ body, encoding: "base64url", mediatype: "text/plain; charset=utf-8" })).toBe("Grüße");
  });

  it("finds none in what is no text", () => {
    const body = encodeBase64Url(Buffer.from([0xff, 0xd8]));
    expect(dialogText({ body, encoding: "base64url", mediatype: "image/jpeg" })).toBeUndefined();
    expect(dialogText({ body: { a: 1 }, encoding: "json" })).toBeUndefined();
    expect(dialogText({})).toBeUndefined();
  });
});
