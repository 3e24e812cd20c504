import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fetchCertificates } from "../../../../core/index.ts";
import { own, secret, selfSigned, serveHttp, serveHttps } from "./servers.ts";

const certificate = new X509Certificate(selfSigned);
const { raw } = certificate;
const pem = certificate.toString();

const serve = (body: string | Buffer, type = "application/pem-certificate-chain") =>
  serveHttp((_, response) => {
    response.writeHead(200, { "content-type": type }).end(body);
  });

describe("the certificates at a URL", () => {
  it.each<[string, string | Buffer, string, number]>([
    ["one in PEM", pem, "application/pem-certificate-chain", 1],
    ["several in PEM", pem + pem, "text/plain", 2],
    ["PEM with words before it", `subject=CN = localhost\r\n${pem}`, "application/octet-stream", 1],
    ["one in DER", raw, "application/pkix-cert", 1],
    ["several in DER", Buffer.concat([raw, raw, raw]), "application/x-x509-ca-cert", 3],
  ])("are read from %s", async (_, body, type, count) => {
    const certificates = await fetchCertificates((await serve(body, type)) + secret, own);
    expect(certificates.map((found) => found.raw)).toEqual(Array(count).fill(raw));
  });

  it("come over https from the public internet unless more is allowed", async () => {
    const url = await serveHttps((_, response) => response.end(pem));
    expect(await fetchCertificates(url, { allowPrivate: true, ca: selfSigned })).toHaveLength(1);
    await expect(fetchCertificates(url, { ca: selfSigned })).rejects.toMatchObject({ code: "MEDIA_REFUSED" });
    await expect(fetchCertificates(await serve(pem), { allowPrivate: true })).rejects.toMatchObject({
      code: "MEDIA_REFUSED",
    });
  });

  it.each<[string, string | Buffer]>([
    ["nothing", ""],
    ["no certificate", "<html>secret</html>"],
    ["a DER cut off", raw.subarray(0, 100)],
    ["something behind a DER", Buffer.concat([raw, Buffer.from("secret")])],
  ])("are not read from %s", async (_, body) => {
    const error = await fetchCertificates((await serve(body)) + secret, own).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: "VconError", code: "CERTIFICATE_MALFORMED" });
    expect(String(error)).not.toContain("secret");
  });

  it("are no more than 100 kB unless more are asked for", async () => {
    const url = await serve(" ".repeat(100_000) + pem);
    await expect(fetchCertificates(url, own)).rejects.toMatchObject({ code: "MEDIA_REFUSED" });
    expect(await fetchCertificates(url, { ...own, maxBytes: 200_000 })).toHaveLength(1);
  });
});
