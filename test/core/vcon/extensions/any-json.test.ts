/** No reader throws, whatever JSON stands where an extension's should: 400 runs. */
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  type Analysis,
  type Attachment,
  agentTraces,
  buildNew,
  checkPermission,
  type Dialog,
  findWtf,
  getTag,
  type Party,
  readAgentSession,
  readFileChange,
  readLawfulBasis,
  readSipHeaders,
  readSipTrace,
  readVerificationReport,
  sipText,
  skillsOf,
} from "../../../../core/vcon/index.ts";

const names = [
  ...["transcript", "text", "segments", "metadata", "speakers", "start", "end"],
  ...[
    "lawful_basis",
    "expiration",
    "purpose_grants",
    "purpose",
    "granted",
    "content_hash",
    "consents",
    "conditions",
  ],
  ...[
    "messages",
    "headers",
    "timestamp",
    "method",
    "result",
    "session",
    "entries",
    "path",
    "agent_session",
    "__proto__",
  ],
];
const { any } = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "medium" },
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom<unknown>(null, true, "consent", "analysis", "jcs", "2026-01-02T03:04:05Z", 0, "\ud800"),
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie("any"), { maxKeys: 5 }),
  ),
}));
const content = fc.record(
  {
    type: fc.constantFrom<unknown>("wtf_transcription", "agent_trace", 5, null),
    purpose: fc.constantFrom<unknown>("lawful_basis", "consent", "sip-message-trace", "tags", 5, null),
    encoding: fc.constantFrom<unknown>("json", "none", "base64url", 5),
    body: fc.oneof(
      any,
      any.map((value) => JSON.stringify(value)),
    ),
    party: any,
    dialog: any,
    consents: any,
    expiration: any,
  },
  { requiredKeys: [] },
);

it("every reader takes any JSON", () => {
  fc.assert(
    fc.property(fc.array(content, { maxLength: 3 }), any, (contents, anything) => {
      const vcon = buildNew({ analysis: contents as Analysis[], attachments: contents as Attachment[] });
      findWtf(vcon);
      agentTraces(vcon);
      getTag(vcon, "topic");
      readAgentSession({ meta: anything } as Party);
      skillsOf({ type: "text", skill: anything } as Dialog);
      for (const attachment of contents as Attachment[]) {
        for (const read of [
          readLawfulBasis,
          readSipTrace,
          readSipHeaders,
          readVerificationReport,
          sipText,
          readFileChange,
        ]) {
          read(attachment);
        }
      }
      const permission = checkPermission(vcon, "analysis");
      expect(permission.allowed ? permission.attachments : permission.reasons).not.toEqual([]);
    }),
    { numRuns: 400 },
  );
});
