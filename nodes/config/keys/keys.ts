/** Keys and certificates: our own, and those of whom we trust and write to. */
import { readCertificates, readPrivateKey, readPublicKeys, VconError } from "../../../core/index.ts";
import { type ConfigOf, config, StepError, secret, text } from "../../kit/index.ts";

const LABEL = "vCon keys";

const fields = {
  privateKey: secret({
    label: "Private key",
    icon: "key",
    hint: "in PEM or JWK: signs, and opens what is encrypted for it",
  }),
  certificates: text({
    label: "Certificates",
    icon: "certificate",
    lines: 4,
    hint: "of the private key, in PEM: its own first",
  }),
  certificatesUrl: text({
    label: "or their URL",
    icon: "globe",
    placeholder: "https://example.com/certificates.pem",
    hint: "told to readers in place of the certificates",
  }),
  trusted: text({
    label: "Trusted",
    icon: "check-circle-o",
    lines: 4,
    hint: "certificates of the authorities whose signatures count, in PEM",
  }),
  recipients: text({
    label: "Recipients",
    icon: "users",
    lines: 4,
    hint: "for whom to encrypt: certificates or public keys, in PEM or JWK",
  }),
};
type Texts = ConfigOf<typeof fields>;
type Name = keyof Texts;

export default config({
  type: "vcon-keys",
  label: LABEL,
  icon: "font-awesome/fa-key",
  fields,
  // Each is read when a node asks for it, so that a node needs only those that it works with.
  open: (texts) => ({
    privateKey: once(() => read(texts, "privateKey", readPrivateKey)),
    signer: once(() =>
      isEmpty(texts.certificates) && !isEmpty(texts.certificatesUrl)
        ? { certificatesUrl: texts.certificatesUrl.trim() }
        : { certificates: read(texts, "certificates", readCertificates) },
    ),
    trusted: once(() => read(texts, "trusted", readCertificates)),
    recipients: once(() => read(texts, "recipients", readPublicKeys)),
  }),
});

function read<Result>(texts: Texts, name: Name, reader: (text: string) => Result): Result {
  const text = texts[name];
  if (isEmpty(text)) throw unusable(name, "is not set. Open the node and set it.");
  // All fields but one are part of every exported flow.
  if (name !== "privateKey" && /PRIVATE KEY-----/.test(text)) {
    throw unusable(name, "holds a private key, which everybody can read there. Take it out.");
  }
  try {
    return reader(text);
  } catch (error) {
    throw error instanceof VconError ? unusable(name, `can't be used. ${error.message}`) : error;
  }
}

function unusable(name: Name, what: string): StepError {
  return new StepError(`Config node ${LABEL}: "${fields[name].label}" ${what}`, { code: "NOT_CONFIGURED" });
}

function isEmpty(text: string): boolean {
  return text.trim() === "";
}

function once<Result extends object>(make: () => Result): () => Result {
  let made: Result | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
