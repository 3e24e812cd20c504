/** Makes X.509 certificates for the tests, right and wrong ones, so that none has to be kept, nor its key. */
import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";

export interface Identity {
  key: KeyObject;
  certificate: X509Certificate;
  name: string;
}

export interface CertificateOptions {
  name: string;
  key: KeyObject;
  /** Itself unless said otherwise. */
  issuer?: Pick<Identity, "key" | "name">;
  /** Whether it may issue others, and how many may stand between. */
  ca?: boolean;
  pathLength?: number;
  /** The bits of RFC 5280 section 4.2.1.3, the first one highest. */
  keyUsage?: number;
  /** Another critical extension: its id and value in hex. */
  extra?: [id: string, value: string];
  /** How the issuer signs; only an RSA key has the choice. */
  signature?: keyof typeof RSA_SIGNATURES;
  from?: Date;
  to?: Date;
}

interface SignatureKind {
  id: string;
  hash: string | null;
  parameters: Buffer[];
  /** In bytes, of RSASSA-PSS. */
  saltLength?: number;
}

const PSS = "2a864886f70d01010a";
const SHA256 = "608648016503040201";
const MGF1 = "2a864886f70d010108";

const RSA_SIGNATURES = {
  sha256: { id: "2a864886f70d01010b", hash: "sha256", parameters: [der(0x05)] },
  sha1: { id: "2a864886f70d010105", hash: "sha1", parameters: [der(0x05)] },
  /** The same under the name that it had before. */
  oldSha1: { id: "2b0e03021d", hash: "sha1", parameters: [der(0x05)] },
  pssSha256: {
    id: PSS,
    hash: "sha256",
    saltLength: 32,
    parameters: [
      sequence(
        der(0xa0, sequence(oid(SHA256))),
        der(0xa1, sequence(oid(MGF1), sequence(oid(SHA256)))),
        der(0xa2, ...integers(32)),
      ),
    ],
  },
  /** What RSASSA-PSS is where nothing else is said. */
  pssSha1: { id: PSS, hash: "sha1", saltLength: 20, parameters: [sequence()] },
} satisfies Record<string, SignatureKind>;

const OTHER_SIGNATURES: Record<string, SignatureKind> = {
  ec: { id: "2a8648ce3d040302", hash: "sha256", parameters: [] },
  ed25519: { id: "2b6570", hash: null, parameters: [] },
};

const kinds = {
  rsa: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  shortRsa: () => generateKeyPairSync("rsa", { modulusLength: 1024 }),
  p256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  p384: () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ed25519: () => generateKeyPairSync("ed25519"),
  x25519: () => generateKeyPairSync("x25519"),
};

export function newKey(kind: keyof typeof kinds): KeyObject {
  return kinds[kind]().privateKey;
}

export function identity(options: CertificateOptions): Identity {
  return { key: options.key, name: options.name, certificate: new X509Certificate(certificateDer(options)) };
}

export function certificateDer({
  name,
  key,
  issuer = { key, name },
  ca = false,
  pathLength,
  keyUsage,
  extra,
  signature = "sha256",
  from = new Date("2000-01-01T00:00:00Z"),
  to = new Date("2100-01-01T00:00:00Z"),
}: CertificateOptions): Buffer {
  const { id, hash, parameters, saltLength }: SignatureKind =
    OTHER_SIGNATURES[issuer.key.asymmetricKeyType!] ?? RSA_SIGNATURES[signature];
  const algorithm = sequence(oid(id), ...parameters);
  const extensions = [
    extension("551d13", sequence(...(ca ? [der(0x01, Buffer.of(255))] : []), ...integers(pathLength))),
    ...(keyUsage === undefined ? [] : [extension("551d0f", der(0x03, Buffer.of(0, keyUsage)))]),
    ...(extra ? [extension(extra[0], Buffer.from(extra[1], "hex"))] : []),
  ];
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    nameDer(issuer.name),
    sequence(time(from), time(to)),
    nameDer(name),
    createPublicKey(key).export({ format: "der", type: "spki" }),
    der(0xa3, sequence(...extensions)),
  );
  const padding = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  const signed = sign(hash, toBeSigned, { key: issuer.key, ...padding });
  return sequence(toBeSigned, algorithm, der(0x03, Buffer.of(0), signed));
}

function nameDer(name: string): Buffer {
  return sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(name)))));
}

function time(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, "").slice(0, 14)}Z`));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), der(0x01, Buffer.of(255)), der(0x04, value));
}

function integers(...values: (number | undefined)[]): Buffer[] {
  return values.flatMap((value) => (value === undefined ? [] : der(0x02, Buffer.of(value))));
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length =
    content.length < 128
      ? Buffer.of(content.length)
      : Buffer.of(0x82, content.length >> 8, content.length & 255);
  return Buffer.concat([Buffer.of(tag), length, content]);
}
