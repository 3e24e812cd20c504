/** Signing, verifying, encrypting and decrypting vCons (core-04 section 5), and the keys for it. */
export type { ContentEncryption, RsaEncryption, SignatureAlgorithm } from "./algorithms.ts";
export type { Trust } from "./certificates.ts";
export { type DecryptOptions, decryptVcon } from "./decrypt.ts";
export { type EncryptOptions, encryptVcon } from "./encrypt.ts";
export {
  type Certificates,
  type PrivateKey,
  type PublicKey,
  readCertificates,
  readPrivateKey,
  readPublicKeys,
} from "./keys.ts";
export {
  decodePassport,
  type Passport,
  type PassportClaims,
  type PassportHeader,
  verifyPassport,
} from "./passport.ts";
export { type Signer, signVcon } from "./sign.ts";
export { type VerifiedVcon, type VerifyOptions, verifyVcon } from "./verify.ts";
