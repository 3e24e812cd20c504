/** X-Hub-Signature-256: the HMAC by which whoever shares the secret says that it has sent these bytes. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { ApiError } from "../errors.ts";

/** Takes the bytes as they come and tells at their end whether the signature fits. */
export class SignatureCheck {
  readonly #hmac: ReturnType<typeof createHmac>;
  readonly #presented: string | undefined;

  /** @param presented the header: "sha256=" and the digest in hexadecimal */
  constructor(secret: string, presented: string | undefined) {
    this.#hmac = createHmac("sha256", secret);
    this.#presented = presented;
  }

  update(bytes: Uint8Array): void {
    this.#hmac.update(bytes);
  }

  /** @throws ApiError 403 */
  finish(): void {
    const expected = this.#hmac.digest();
    const match = /^sha256=([0-9a-f]{64})$/i.exec(this.#presented ?? "");
    if (match && timingSafeEqual(Buffer.from(match[1]!, "hex"), expected)) return;
    throw new ApiError(
      403,
      "SIGNATURE_INVALID",
      "The header X-Hub-Signature-256 is missing, or does not fit what was sent. Sign the body with the secret of this API.",
    );
  }
}
