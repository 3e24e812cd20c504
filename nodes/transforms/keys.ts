/** Keys and certificates, as their config node gives them. Each throws a StepError where it is not set or not usable. */
import type { Certificates, PrivateKey, PublicKey } from "../../core/index.ts";

export interface Keys {
  /** Signs, and opens what is encrypted for it. */
  privateKey(): PrivateKey;
  /** The private key's certificates, or the URL where readers find them. */
  signer(): { certificates: Certificates } | { certificatesUrl: string };
  /** Of the authorities whose signatures count. */
  trusted(): Certificates;
  /** For whom to encrypt. */
  recipients(): PublicKey[];
}
