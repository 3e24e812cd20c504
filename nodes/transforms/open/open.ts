/** Opens a signed or encrypted vCon, once it has proved genuine. */
import type { X509Certificate } from "node:crypto";
import {
  type AnyVcon,
  amendVcon,
  decryptVcon,
  type EncryptedVcon,
  fetchCertificates,
  formOf,
  type SignedVcon,
  type Vcon,
  VconError,
  verifyVcon,
} from "../../../core/index.ts";
import {
  type ConfigOf,
  choice,
  type StepCall,
  StepError,
  service,
  text,
  toggle,
  transform,
} from "../../kit/index.ts";
import type { Keys } from "../keys.ts";

const fields = {
  keys: service<Keys>("vcon-keys", { label: "Keys", icon: "key" }),
  signature: choice(
    { needed: "Needed", checked: "Checked where there is one" },
    { label: "Signature", icon: "pencil" },
  ),
  as: choice(
    {
      amended: "An amended version to work on; this one stays",
      replaced: "Opened, in its place",
      nothing: "Nothing, only check it",
    },
    { label: "Make", icon: "unlock" },
  ),
  checkAuthorities: toggle({
    label: "Authorities",
    icon: "certificate",
    default: true,
    hint: "who issued a certificate must be marked as an authority",
  }),
  ownNetwork: toggle({
    label: "Own network",
    icon: "sitemap",
    hint: "also fetch certificates from private addresses",
  }),
  property: text({
    label: "Signer",
    icon: "envelope-o",
    default: "signer",
    required: true,
    hint: "the property of the message that tells who signed",
  }),
};
type Config = ConfigOf<typeof fields>;

export default transform({
  type: "vcon-open",
  label: "open",
  icon: "vcon-open.svg",
  outside: true,
  fields,
  reads: ["sealed"],
  run: async ({ vcon: { uuid, sealed }, config, outside, copyUuid }) => {
    const opened = sealed && (await open(sealed, config, outside));
    const signer = opened?.signer;
    if (!signer && config.signature === "needed") throw notSigned();
    // Set in any case: nobody may be taken for the signer who was on the message before.
    const message = { [config.property]: signer && described(signer) };
    if (!opened) return { message };
    if (opened.vcon.uuid !== uuid) throw anotherInside();
    return { message, ...(await made(opened.vcon, config.as, copyUuid)) };
  },
});

interface Opened {
  vcon: Vcon;
  /** Whose signature holds. */
  signer?: X509Certificate | undefined;
}

type Outside = StepCall<typeof fields>["outside"];

async function open(vcon: AnyVcon, config: Config, outside: Outside): Promise<Opened> {
  const form = formOf(vcon);
  if (form === "unsigned") return { vcon: vcon as Vcon };
  const keys = await config.keys();
  if (form === "encrypted") {
    const inside = await decryptVcon(vcon as EncryptedVcon, { keys: [keys.privateKey()] });
    return open(inside.vcon, config, outside);
  }
  return verifyVcon(vcon as SignedVcon, {
    trusted: keys.trusted(),
    checkAuthorities: config.checkAuthorities,
    fetchCertificates: (url) =>
      outside("The server of the signer's certificates", (signal) =>
        fetchCertificates(url, { signal, allowPrivate: config.ownNetwork }),
      ),
  });
}

async function made(vcon: Vcon, as: Config["as"], copyUuid: () => Promise<string>) {
  if (as === "amended") return { copy: amendVcon(vcon, { uuid: await copyUuid() }) };
  return as === "replaced" ? { replace: vcon } : {};
}

/** Certificates are told by issuer and serial number, people by the subject. */
function described(certificate: X509Certificate) {
  const { subject, issuer } = certificate.toLegacyObject();
  const { serialNumber, validToDate } = certificate;
  return {
    subject: { ...subject },
    issuer: { ...issuer },
    serialNumber,
    validTo: validToDate.toISOString(),
  };
}

function notSigned(): StepError {
  return new StepError(
    `The vCon is not signed, so nobody vouches for it. Refuse it, or set "Signature" to what you accept.`,
    { code: "NOT_SIGNED" },
  );
}

/** Whoever can write to the store may have put somebody's genuine vCon in another one's place. */
function anotherInside(): VconError {
  return new VconError(
    "VCON_MALFORMED",
    "What is inside is another vCon, by its UUID, so nothing was opened. Ask whoever sent it.",
  );
}
