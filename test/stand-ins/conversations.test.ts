import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";
import { recordingFile, transcripts } from "./conversations.ts";

const folder = new URL("../../flows/conversations/", import.meta.url);
const files = readdirSync(folder);
const hangUps = files.filter((file) => file.endsWith(".cdr.json"));
const { calls } = JSON.parse(readFileSync(new URL("script.json", folder), "utf8"));

test.each(transcripts)(
  "$file is the recording that the table describes",
  ({ file, sha256, duration, turns }) => {
    expect(createHash("sha256").update(recordingFile(file)).digest("hex")).toBe(sha256);
    expect(duration).toBeGreaterThan(15);
    expect(duration).toBeLessThan(30);
    let silentSince = 0;
    for (const turn of turns) {
      expect(turn.start).toBeGreaterThan(silentSince + 0.3);
      expect(turn.words.map((word) => word.punctuated_word).join(" ")).toBe(turn.text);
      expect(turn.words[0]!.start).toBe(turn.start);
      expect(turn.words.at(-1)!.end).toBeCloseTo(turn.end, 2);
      silentSince = turn.end;
    }
    expect(duration).toBeGreaterThan(silentSince);
  },
);

test.each(hangUps)("%s tells of the call in the script", (file) => {
  const { variables } = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  const told = Object.fromEntries(
    Object.entries<string>(variables).map(([name, value]) => [name, decodeURIComponent(value)]),
  );
  const call = calls.find(({ name }: { name: string }) => file.startsWith(name));
  expect(told).toMatchObject({ customer_name: call.customer.name, customer_number: call.customer.number });
  expect(Number(told.start_epoch)).toBe(Date.parse(call.startedAt) / 1000);
  const recording = transcripts.find((entry) => entry.file.startsWith(call.name));
  if (recording) {
    expect(basename(told.record_file_path!)).toBe(recording.file);
    expect(Number(told.billsec)).toBeGreaterThanOrEqual(Math.floor(recording.duration));
  } else {
    expect(told).toMatchObject({ answer_epoch: "0", billsec: "0", hangup_cause: "ORIGINATOR_CANCEL" });
    expect(told).not.toHaveProperty("record_file_path");
  }
});

test("about half of the calls and chats mention a recall, and one only sounds like it", () => {
  const spoken = transcripts.map((entry) => entry.turns.map((turn) => turn.text).join(" "));
  const written = files
    .filter((file) => file.endsWith(".chat.json"))
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), "utf8")))
    .map((chat) => chat.messages.map((message: { text: string }) => message.text).join(" "));
  const mentions = (texts: string[]) => texts.filter((text) => /\brecall\b/i.test(text)).length;
  expect([spoken.length, mentions(spoken)]).toEqual([10, 5]);
  expect([written.length, mentions(written)]).toEqual([6, 3]);
  expect(spoken.filter((text) => /\brecollect\b/i.test(text) && !/recall/i.test(text))).toHaveLength(1);
});
