/** What node:crypto does not tell of a certificate: its signature's algorithm and some extensions (RFC 5280 section 4). */
import type { X509Certificate } from "node:crypto";
import { VconError } from "../../errors.ts";

export interface Constraints {
  /** Its signature is by SHA-256 or better; those by MD5 and SHA-1 can be forged. */
  strongSignature: boolean;
  /** It may sign documents, as far as it says for what its key is. */
  signsDocuments: boolean;
  /** How many authorities may stand between it and the signer; undefined if it sets no limit. */
  pathLength: number | undefined;
  /** It has a critical extension that is not known here, so it must not be used. */
  unknownCritical: boolean;
}

/** DER (X.690): an element's tag and content. */
interface Element {
  tag: number;
  content: Buffer;
}

interface Extension {
  critical: boolean;
  value: Buffer;
}

const TAG = { boolean: 0x01, integer: 0x02, octets: 0x04, first: 0xa0, extensions: 0xa3 };

/** As hex of their content. */
const KEY_USAGE = "551d0f";
const BASIC_CONSTRAINTS = "551d13";
const KNOWN_EXTENSIONS = new Set([
  KEY_USAGE,
  BASIC_CONSTRAINTS,
  "551d11", // subjectAltName: names are the caller's to judge.
  "551d20", // certificatePolicies: any will do.
  "551d25", // extKeyUsage: none is defined for vCons.
]);
const STRONG_SIGNATURES = new Set([
  "2a864886f70d01010b", // RSA with SHA-256, SHA-384 and SHA-512
  "2a864886f70d01010c",
  "2a864886f70d01010d",
  "2a8648ce3d040302", // ECDSA with the same
  "2a8648ce3d040303",
  "2a8648ce3d040304",
  "2b6570", // Ed25519 and Ed448
  "2b6571",
]);
const RSASSA_PSS = "2a864886f70d01010a";
const SHA2 = new Set(["608648016503040201", "608648016503040202", "608648016503040203"]);

/** digitalSignature and contentCommitment. */
const DOCUMENT_BITS = 0xc0;

/** @throws VconError `CERTIFICATE_MALFORMED` */
export function constraintsOf({ raw }: X509Certificate): Constraints {
  try {
    const [toBeSigned, algorithm] = children(children(raw)[0]!.content);
    const extensions = extensionsOf(toBeSigned!);
    const usage = extensions.get(KEY_USAGE);
    return {
      strongSignature: isStrong(algorithm!),
      signsDocuments: !usage || (children(usage.value)[0]!.content.readUInt8(1) & DOCUMENT_BITS) !== 0,
      pathLength: pathLengthOf(extensions.get(BASIC_CONSTRAINTS)),
      unknownCritical: [...extensions].some(([id, { critical }]) => critical && !KNOWN_EXTENSIONS.has(id)),
    };
  } catch {
    throw new VconError(
      "CERTIFICATE_MALFORMED",
      "A certificate can't be used: it is not built as X.509 says.",
    );
  }
}

function isStrong(algorithm: Element): boolean {
  const [id, parameters] = children(algorithm.content);
  if (hexOf(id) !== RSASSA_PSS) return STRONG_SIGNATURES.has(hexOf(id));
  // It names its hash apart (RFC 4055 section 3.1); where it names none, that is SHA-1.
  const hash = children(parameters!.content).find(({ tag }) => tag === TAG.first);
  return hash !== undefined && SHA2.has(hexOf(children(children(hash.content)[0]!.content)[0]));
}

function extensionsOf(toBeSigned: Element): Map<string, Extension> {
  const wrapper = children(toBeSigned.content).find(({ tag }) => tag === TAG.extensions);
  const list = wrapper ? children(children(wrapper.content)[0]!.content) : [];
  return new Map(
    list.map(({ content }) => {
      const parts = children(content);
      return [
        hexOf(parts[0]),
        {
          critical: parts.some(({ tag, content }) => tag === TAG.boolean && content[0] !== 0),
          value: parts.find(({ tag }) => tag === TAG.octets)!.content,
        },
      ];
    }),
  );
}

function pathLengthOf(basicConstraints: Extension | undefined): number | undefined {
  if (!basicConstraints) return;
  const length = children(children(basicConstraints.value)[0]!.content).find(
    ({ tag }) => tag === TAG.integer,
  );
  return length?.content.readUIntBE(0, length.content.length);
}

function hexOf(element: Element | undefined): string {
  return element!.content.toString("hex");
}

/** The elements that follow one another in the bytes, which OpenSSL has read before; throws where one has no length. */
function children(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes.readUInt8(at + 1);
    const sizeOfLength = first < 0x80 ? 0 : first & 0x7f;
    const length = sizeOfLength === 0 ? first : bytes.readUIntBE(at + 2, sizeOfLength);
    const start = at + 2 + sizeOfLength;
    elements.push({ tag: bytes.readUInt8(at), content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return elements;
}
