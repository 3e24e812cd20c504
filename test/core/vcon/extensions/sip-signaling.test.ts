import { describe, expect, it } from "vitest";
import {
  type Attachment,
  addSipAttachment,
  readSipHeaders,
  readSipTrace,
  readVerificationReport,
  type SipTrace,
  sipAttachments,
  sipText,
} from "../../../../core/vcon/index.ts";
import { chat } from "../../../support/vcons.ts";

const invite = [
  "INVITE sip:bob@example.com SIP/2.0",
  "From: Alice <sip:alice@example.com>;tag=1928301774",
  "Call-ID: a84b4c76e66710@pc33.example.com",
  "",
  "v=0",
].join("\r\n");
const trace: SipTrace = {
  version: "1.0",
  call_id: "a84b4c76e66710@pc33.example.com",
  messages: [
    {
      timestamp: "2026-01-15T14:30:00.001Z",
      direction: "sent",
      party: 0,
      method: "INVITE",
      headers: { To: "<sip:b@example.com>" },
    },
    {
      timestamp: "2026-01-15T14:30:05.200Z",
      direction: "received",
      party: 1,
      status_code: 200,
      status_text: "OK",
    },
  ],
};

describe("a SIP attachment", () => {
  it("is added with the media type of its purpose and the extension, and found by its purpose", () => {
    const vcon = chat("Hello.");
    expect(
      addSipAttachment(vcon, {
        purpose: "sip-invite",
        body: invite,
        party: 1,
        start: "2026-01-15T14:30:00Z",
      }),
    ).toBe(0);
    expect(addSipAttachment(vcon, { purpose: "sip-message-trace", body: trace })).toBe(1);
    expect(vcon.extensions).toContain("sip-signaling");
    expect(vcon.attachments).toEqual([
      {
        purpose: "sip-invite",
        start: "2026-01-15T14:30:00Z",
        party: 1,
        dialog: 0,
        mediatype: "message/sip",
        encoding: "none",
        body: invite,
      },
      {
        purpose: "sip-message-trace",
        start: vcon.created_at,
        party: 0,
        dialog: 0,
        mediatype: "application/json",
        encoding: "json",
        body: trace,
      },
    ]);
    vcon.attachments!.push({ purpose: "note" }, {});
    expect(sipAttachments(vcon).map(([index]) => index)).toEqual([0, 1]);
    expect(sipAttachments(vcon, "sip-message-trace")).toEqual([[1, vcon.attachments![1]]]);
    expect(sipAttachments(vcon, "sip-bye")).toEqual([]);
    expect(sipAttachments({ ...vcon, attachments: [{ purpose: "toString" }] })).toEqual([]);
  });

  it("keeps no credentials", () => {
    const vcon = chat();
    const secret =
      "INVITE sip:b@example.com SIP/2.0\r\nAuthorization: Digest username=a,\r\n response=secret\r\nTo: b\r\nPROXY-AUTHORIZATION: secret\r\n\r\n";
    addSipAttachment(vcon, { purpose: "sip-invite", body: secret });
    expect(vcon.attachments![0]!.body).toBe("INVITE sip:b@example.com SIP/2.0\r\nTo: b\r\n\r\n");
    const headers = { Authorization: "secret", To: "b", "www-authenticate": ["secret"] };
    addSipAttachment(vcon, { purpose: "sip-headers", body: headers });
    expect(vcon.attachments![1]!.body).toEqual({ To: "b" });
    addSipAttachment(vcon, {
      purpose: "sip-message-trace",
      body: { ...trace, messages: [{ ...trace.messages[0]!, headers, body: secret }] },
    });
    expect(readSipTrace(vcon.attachments![2]!)!.messages[0]).toMatchObject({
      headers: { To: "b" },
      body: "INVITE sip:b@example.com SIP/2.0\r\nTo: b\r\n\r\n",
    });
  });
});

describe("what is read of one", () => {
  it("is its text, also from base64url", () => {
    expect(sipText({ encoding: "none", body: invite })).toBe(invite);
    expect(
      sipText({
        encoding: "base64url",
        mediatype: "message/sip",
        body: Buffer.from(invite).toString("base64url"),
      }),
    ).toBe(invite);
    expect(sipText({ encoding: "json", body: {} })).toBeUndefined();
    expect(sipText({})).toBeUndefined();
  });

  it("is its trace, without what is no message", () => {
    expect(readSipTrace({ body: JSON.stringify(trace) })).toEqual(trace);
    const messages = [
      ...trace.messages,
      null,
      5,
      {},
      { timestamp: "2026-01-15T14:30:00Z" },
      { method: "BYE" },
    ];
    expect(readSipTrace({ body: { messages } })).toEqual({
      version: "1.0",
      call_id: "",
      messages: trace.messages,
    });
  });

  it("are its headers, and its report", () => {
    expect(
      readSipHeaders({ body: { To: "b", "History-Info": ["a", "b"], odd: 5, mixed: ["a", 1] } }),
    ).toEqual({
      To: "b",
      "History-Info": ["a", "b"],
    });
    const report = { result: "verified", attestation: "A", orig_tn: "+12025550101" };
    expect(readVerificationReport({ body: report })).toEqual(report);
  });

  it.each<[Attachment]>([
    [{}],
    [{ body: "x" }],
    [{ body: [] }],
    [{ body: { messages: 5, result: 5 } }],
    [{ body: null }],
  ])("is nothing of %j", (attachment) => {
    expect(readSipTrace(attachment)).toBeUndefined();
    expect(readVerificationReport(attachment)).toBeUndefined();
  });
});
