/** A private key as people paste it. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { StepError } from "../../kit/index.ts";

const PEM = /-----BEGIN (RSA )?PRIVATE KEY-----(.+?)-----END/s;

/**
 * Reads an RSA key in PEM. Its line breaks may be lost, as in a field of one line, or be written as `\n`, as in an
 * environment variable.
 * @throws StepError that says what to do, without quoting the key
 */
export function readPrivateKey(text: string): KeyObject {
  const [, rsa, body = ""] = PEM.exec(text) ?? [];
  try {
    const key = createPrivateKey({
      key: Buffer.from(body.replaceAll("\\n", ""), "base64"),
      format: "der",
      type: rsa ? "pkcs1" : "pkcs8",
    });
    if (key.asymmetricKeyType === "rsa") return key;
  } catch {
    // Said below, in our own words.
  }
  throw new StepError(
    "The private key can't be read. Paste the whole text of its file, of an RSA key in PEM without a password.",
    { code: "NOT_CONFIGURED" },
  );
}
