/** What validation takes upon itself, however hostile the vCon: few findings, little memory, no quotation. */
import { expect, it } from "vitest";
import { findingsFrom, validateVcon, worstLevel } from "../../../../core/vcon/index.ts";

const HEAD = { uuid: "019cab00-0000-8001-8caa-f24ab1a0c334", created_at: "2026-03-02T09:00:00Z" };

it("tells 1,000 errors and no more", () => {
  const findings = validateVcon({ ...HEAD, parties: Array.from({ length: 200_000 }, () => 5) });
  expect(findings).toHaveLength(1000);
  expect(worstLevel(findings)).toBe("error");
});

it("tells an error that comes after more warnings than it tells", () => {
  const parties = Array.from({ length: 5000 }, () => ({ tel: "", nickname: "" }));
  const findings = validateVcon({ ...HEAD, parties, dialog: [5] });
  expect(findingsFrom("error", findings)).toMatchObject([{ pointer: "/dialog/0" }]);
  expect(findingsFrom("warning", findings)).toHaveLength(1001);
  expect(findings).toHaveLength(2001);
});

it("knows the worst level, and none where nothing was found", () => {
  const [finding] = validateVcon(null);
  expect(worstLevel([])).toBeUndefined();
  expect(
    worstLevel([
      { ...finding!, level: "info" },
      { ...finding!, level: "warning" },
    ]),
  ).toBe("warning");
});

it("copies nothing of a body of 50 MB, right or wrong", () => {
  const right = "A".repeat(50 * 2 ** 20);
  const content = { mediatype: "audio/ogg", encoding: "base64url" };
  const dialog = { type: "recording", start: HEAD.created_at, parties: [], ...content };
  const bodies = [right, `${right}=`, `+${right}`];
  const vcon = { ...HEAD, dialog: bodies.map((body) => ({ ...dialog, body })) };
  for (const body of bodies) Buffer.byteLength(body);
  const before = process.memoryUsage();
  const findings = validateVcon(vcon);
  const after = process.memoryUsage();
  expect(findings.map(({ pointer }) => pointer)).toEqual(["/dialog/1/body", "/dialog/2/body"]);
  expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(2 ** 20);
});

it("looks at hostile addresses of any length without running out of stack or time", () => {
  const long = (start: string, repeated: string) => start + repeated.repeat(3_000_000);
  const party = {
    tel: long("+1", ";a"),
    sip: long("sip:", "a@"),
    stir: long("a", "."),
    mailto: long("a@", "<b>"),
    did: long("did:a:", "%41"),
    gmlpos: long("1", " 1"),
  };
  const dialog = {
    type: "recording",
    start: long("2026-03-02T09:00:00.", "0"),
    mediatype: long("audio/ogg;", "a;"),
    url: long("https://example.com/", "%41"),
    content_hash: long("sha512-", "A-"),
    session_id: { local: long("", "0-"), remote: long("", "a") },
  };
  const findings = validateVcon({ ...HEAD, parties: [party], dialog: [dialog] });
  const pointers = new Set(findingsFrom("warning", findings).map(({ pointer }) => pointer));
  for (const name of Object.keys(party)) expect(pointers).toContain(`/parties/0/${name}`);
  for (const name of ["start", "url", "content_hash", "session_id/local", "session_id/remote"]) {
    expect(pointers).toContain(`/dialog/0/${name}`);
  }
});

it("takes nesting of any depth", () => {
  const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  const members =
    "type parties session_id party_history recordings content_hash body meta civicaddress headers"
      .split(" ")
      .map((name) => [name, deep]);
  const element = Object.fromEntries(members);
  const session = { type: "text", session_id: { local: deep, remote: deep } };
  const vcon = {
    ...HEAD,
    redacted: deep,
    parties: [element],
    dialog: [element, session],
    analysis: [element],
  };
  for (const value of [deep, vcon, { ...vcon, payload: deep, signatures: deep }]) {
    expect(worstLevel(validateVcon(value))).toBe("error");
  }
});

it("quotes no value", () => {
  const secret = "s3cr3t";
  const members = Object.fromEntries(
    "vcon uuid extensions critical created_at updated_at subject redacted amended"
      .split(" ")
      .map((name) => [name, secret]),
  );
  const element = Object.fromEntries(
    "tel sip stir mailto did type start parties session_id body encoding url content_hash mediatype disposition"
      .split(" ")
      .map((name) => [name, secret]),
  );
  const sections = {
    parties: [element],
    dialog: [element],
    analysis: [element],
    attachments: [element],
  };
  const findings = [
    validateVcon({ ...members, ...sections }),
    validateVcon({ ...HEAD, extensions: [secret], critical: [secret] }),
  ];
  expect(findings.flat().length).toBeGreaterThan(30);
  expect(JSON.stringify(findings)).not.toContain(secret);
});
