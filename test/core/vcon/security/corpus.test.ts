/** The published signed and encrypted vCons, with the published certificates; they may be absent. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  checkContentHash,
  decryptVcon,
  type EncryptedVcon,
  readCertificates,
  readPrivateKey,
  readVcon,
  type SignedVcon,
  verifyVcon,
} from "../../../../core/vcon/index.ts";
import { refusal, rsa } from "../../../support/signers.ts";

const corpus = process.env.VCON_CORPUS ?? join(import.meta.dirname, "../../../../../shared/corpus");
const absent = !existsSync(corpus);
const title = absent ? `corpus (skipped: no ${corpus}; VCON_CORPUS may name another place)` : "corpus";

/** The key of the published encrypted example, published with it. */
const keyFile = join(corpus, "certs/fake_grp.key");

function textOf(file: string): string {
  return readFileSync(join(corpus, file), "utf8");
}

function certificates(...names: string[]) {
  return names.flatMap((name) => readCertificates(textOf(`certs/${name}.crt`)));
}

function read<Form>(name: string): Form {
  return readVcon(textOf(`signed-encrypted/${name}.vcon`)).vcon as Form;
}

describe.skipIf(absent)(title, () => {
  describe.each([
    "container-00_ab_call_ext_rec_signed",
    "container-01_ab_call_ext_rec_signed",
    "core03_ab_call_ext_rec_signed",
  ])("%s", (name) => {
    const at = new Date("2026-01-01");

    it("verifies against the published root, whose authorities are not marked as such", async () => {
      const signed = read<SignedVcon>(name);
      const before = structuredClone(signed);
      const { vcon, signer, payload } = await verifyVcon(signed, {
        trusted: certificates("fake_ca_root"),
        checkAuthorities: false,
        at,
      });
      expect(vcon.parties!.map((party) => party.name)).toEqual(["Alice", "Bob"]);
      expect(signer!.raw).toEqual(certificates("fake_grp")[0]!.raw);
      expect(payload.toString()).toContain('"Alice"');
      expect(signed).toEqual(before);
    });

    it("is not trusted with marked authorities, the wrong root, nobody, or after its certificates' end", async () => {
      const trusted = certificates("fake_ca_root");
      const wrong = certificates("fake_ca2_root", "expired_div");
      for (const options of [
        { trusted, at },
        { trusted: wrong, at, checkAuthorities: false },
        { trusted: [], at, checkAuthorities: false },
        { trusted, at: new Date("2033-01-01"), checkAuthorities: false },
      ]) {
        expect((await refusal(verifyVcon(read(name), options))).code).toBe("CERTIFICATE_UNTRUSTED");
      }
    });

    it("does not verify with one bit of the payload changed", async () => {
      const signed = read<SignedVcon>(name);
      const payload = Buffer.from(signed.payload, "base64url");
      payload[10]! ^= 1;
      const changed = { ...signed, payload: payload.toString("base64url") };
      const trusted = certificates("fake_ca_root");
      const error = await refusal(verifyVcon(changed, { trusted, at, checkAuthorities: false }));
      expect(error.code).toBe("SIGNATURE_INVALID");
    });
  });

  it("does not trust an expired certificate in the chain", async () => {
    const signed = read<SignedVcon>("core03_ab_call_ext_rec_signed");
    const [grp, , root] = signed.signatures[0]!.header!.x5c as string[];
    const x5c = [grp!, certificates("expired_div")[0]!.raw.toString("base64"), root!];
    const protectedHeader = JSON.parse(Buffer.from(signed.signatures[0]!.protected!, "base64url").toString());
    const encoded = Buffer.from(JSON.stringify({ ...protectedHeader, x5c })).toString("base64url");
    const signatures = [{ ...signed.signatures[0]!, protected: encoded, header: { x5c } }];
    const trusted = certificates("fake_ca_root");
    const error = await refusal(verifyVcon({ ...signed, signatures }, { trusted, checkAuthorities: false }));
    expect(error.code).toBe("CERTIFICATE_UNTRUSTED");
  });

  const encrypted = "cont04_ab_call_ext_rec_encrypted";

  it("does not open the encrypted example with another key", async () => {
    const error = await refusal(decryptVcon(read<EncryptedVcon>(encrypted), { keys: [rsa.key] }));
    expect(error).toMatchObject({
      code: "DECRYPTION_FAILED",
      message: expect.stringContaining("None of the keys"),
    });
  });

  it.skipIf(!existsSync(keyFile))(`opens and verifies the encrypted example (needs ${keyFile})`, async () => {
    const keys = [readPrivateKey(readFileSync(keyFile, "utf8"))];
    const opened = await decryptVcon(read<EncryptedVcon>(encrypted), { keys });
    if (opened.form !== "signed") throw new Error("It was not signed.");
    const trusted = certificates("fake_ca_root");
    const { vcon } = await verifyVcon(opened.vcon, {
      trusted,
      checkAuthorities: false,
      at: new Date("2026-01-01"),
    });
    expect(vcon.uuid).toBe("0195544a-b9b1-8ee4-b9a2-279e0d16bc46");
  });

  it("checks the call of the IETF example by the hash in the draft", async () => {
    const hash =
      "sha512-GLy6IPaIUM1GqzZqfIPZlWjaDsNgNvZM0iCONNThnH0a75fhUM6cYzLZ5GynSURREvZwmOh54-2lRRieyj82UQ";
    const call = readFileSync(join(corpus, "interop-inputs/ab_call.mp3"));
    async function* pieces() {
      yield call.subarray(0, 1000);
      yield call.subarray(1000);
    }
    const passed: Uint8Array[] = [];
    for await (const piece of checkContentHash(pieces(), hash)) passed.push(piece);
    expect(Buffer.concat(passed).equals(call)).toBe(true);
  });
});
