import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { formOf } from "../../../core/index.ts";
import { certificatePem, type KeyTexts, keysNode, nodeWithKeys, ours, signing } from "../../support/keys.ts";
import { ends } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { ec, rsa } from "../../support/signers.ts";
import { chat, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
const sign = nodeWithKeys(nodeRed, "vcon-sign");
const encrypt = nodeWithKeys(nodeRed, "vcon-encrypt");
const open = nodeWithKeys(nodeRed, "vcon-open");

const pem = ours.privateKey!;
const asVariable = (text: string) => text.replaceAll("\n", "\\n");

async function signs(texts: KeyTexts): Promise<void> {
  await sign.deploy({}, texts);
  const uuid = await stored(store, chat());
  await sign.passed(uuid);
  expect(formOf(await store.get(uuid))).toBe("signed");
}

describe("the private key", () => {
  it.each([
    ["as its file has it", pem],
    ["without its line breaks, as a field of one line leaves it", pem.replaceAll("\n", "")],
    ["with blanks for line breaks", pem.replaceAll("\n", " ")],
    ["with line breaks of another system", pem.replaceAll("\n", "\r\n")],
    ["in the older form", String(rsa.key.export({ type: "pkcs1", format: "pem" }))],
    ["as a JWK", JSON.stringify(rsa.key.export({ format: "jwk" }))],
    ["with its certificate in the same file", pem + certificatePem(rsa)],
  ])("may be given %s", async (_, privateKey) => {
    await signs({ ...ours, privateKey });
  });

  it("is one of an elliptic curve in the older form", async () => {
    const privateKey = String(ec.key.export({ type: "sec1", format: "pem" }));
    await signs({ ...signing(ec), privateKey });
  });

  it.each([
    [
      "has a password",
      String(rsa.key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })),
      /password/,
    ],
    ["is cut off", pem.slice(0, 400), /from BEGIN to END/],
    ["is damaged", pem.replace(/[A-Za-z]{9}/g, "secret"), /damaged/],
    ["is a certificate", certificatePem(rsa), /no private key/],
    ["is no key at all", "secret words", /from BEGIN to END/],
  ])("is refused if it %s, without being quoted", async (_, privateKey, words) => {
    await sign.deploy({}, { ...ours, privateKey });
    const error = await sign.refused(await stored(store, chat()));
    expect(error).toMatchObject({ code: "NOT_CONFIGURED", message: expect.stringMatching(words) });
    expect(error.message).toContain('Config node vCon keys: "Private key" can\'t be used.');
    for (const piece of privateKey.match(/\w{6,}/g) ?? [])
      if (!/^(PRIVATE|CERTIFICATE|ENCRYPTED)$/.test(piece)) expect(error.message).not.toContain(piece);
  });
});

describe("environment variables", () => {
  const names = ["VCON_TEST_KEY", "VCON_TEST_CERTIFICATES"];
  afterEach(() => {
    for (const name of names) delete process.env[name];
  });
  const texts = { privateKey: "$" + "{VCON_TEST_KEY}", certificates: "$" + "{VCON_TEST_CERTIFICATES}" };

  it.each([
    ["with their line breaks", (text: string) => text],
    ["with \\n for line breaks", asVariable],
  ])("hold keys and certificates %s", async (_, written) => {
    process.env["VCON_TEST_KEY"] = written(pem);
    process.env["VCON_TEST_CERTIFICATES"] = written(ours.certificates!);
    await signs(texts);
  });

  it("are named where nobody has set them", async () => {
    process.env["VCON_TEST_KEY"] = pem;
    await sign.deploy({}, texts);
    expect(await sign.refused(await stored(store, chat()))).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringMatching(/vCon keys: "Certificates" .*VCON_TEST_CERTIFICATES.* not set/),
    });
  });
});

describe("a field that a node needs", () => {
  it.each([
    ["sign", "privateKey", "Private key"],
    ["sign", "certificates", "Certificates"],
    ["encrypt", "recipients", "Recipients"],
  ] as const)("is named where it is not set: %s, %s", async (type, name, label) => {
    const node = { sign, encrypt }[type];
    for (const empty of ["", " \n "]) {
      await node.deploy({}, { ...ours, [name]: empty });
      expect(await node.refused(await stored(store, chat()))).toMatchObject({
        code: "NOT_CONFIGURED",
        message: expect.stringContaining(`Config node vCon keys: "${label}" is not set.`),
      });
    }
  });

  it.each([
    ["trusted", "Trusted", "sign"],
    ["privateKey", "Private key", "encrypt"],
  ] as const)("is named where it is not set: open, %s", async (name, label, seal) => {
    const node = { sign, encrypt }[seal];
    await node.deploy();
    const uuid = await stored(store, chat());
    await node.passed(uuid);
    await open.deploy({}, { ...ours, [name]: "" });
    expect(await open.refused(uuid)).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining(`Config node vCon keys: "${label}" is not set.`),
    });
  });

  it("is the only one that has to be set", async () => {
    await signs({ privateKey: pem, certificates: ours.certificates! });
    await encrypt.deploy({}, { recipients: ours.recipients! });
    await encrypt.passed(await stored(store, chat()));
  });

  it("is named where the node has no keys at all", async () => {
    await sign.deploy({ keys: "" });
    expect(await sign.refused(await stored(store, chat()))).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining('"Keys" is not set'),
    });
  });

  it.each(["certificates", "trusted", "recipients"] as const)(
    "holds no private key if everybody can read it: %s",
    async (name) => {
      const both = certificatePem(rsa) + pem;
      const node = { certificates: sign, trusted: open, recipients: encrypt }[name];
      await sign.deploy();
      const uuid = await stored(store, chat());
      if (node === open) await sign.passed(uuid);
      await node.deploy({}, { ...ours, [name]: both });
      const error = await node.refused(uuid);
      expect(error).toMatchObject({ code: "NOT_CONFIGURED", message: expect.stringMatching(/Take it out/) });
    },
  );
});

it("keeps the private key out of flows, logs, errors, messages, the store and its trail", async () => {
  const steps = ["sign", "encrypt", "open"].map((type, index, types) => ({
    id: type,
    type: `vcon-${type}`,
    store: "store",
    keys: "keys",
    wires: [[types[index + 1] ?? "out"]],
  }));
  await nodeRed.deploy([storeNode, keysNode(ours), ...steps, ...ends]);
  const uuid = await stored(store, chat());
  const opened = await nodeRed.through("sign", { payload: uuid });
  expect(opened.at).toBe("out");
  const failed = await nodeRed.through("open", { payload: await stored(store, chat()) });
  expect(failed.at).toBe("failure");

  const flows = readFileSync(join(nodeRed.userFolder, "flows.json"), "utf8");
  expect(flows).toContain("BEGIN CERTIFICATE");
  const uuids = [uuid, String(opened.message.payload)];
  const kept = await Promise.all(uuids.flatMap((each) => [store.get(each), store.trail(each)]));
  const told = flows + JSON.stringify([nodeRed.log, opened, failed, kept]);
  expect(told).not.toContain("PRIVATE KEY");
  for (const line of pem.split("\n").slice(1, -2)) expect(told).not.toContain(line);
});
