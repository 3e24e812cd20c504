/** Several vCons at once: they come as NDJSON, one a line, and each is answered by a line, in their order. */
import { addAbortSignal, pipeline } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { type Answer, bytes } from "../answer.ts";
import type { Call } from "../call.ts";
import { ApiError, asApiError } from "../errors.ts";
import type { Way } from "../work/ways.ts";
import { type Line, linesOf } from "./batch-lines.ts";
import { handOnTo, storeNew } from "./vcons-new.ts";

export const NDJSON = "application/x-ndjson";

/** So many lines, or so many bytes of them, are worked on at the same time; one line may have more. */
const LINES_AT_ONCE = 16;
const BYTES_AT_ONCE = 8 * 1024 * 1024;
/** After so many lines, others have their turn. */
const LINES_A_TURN = 1000;

/** What is answered to a line: its status is what it would be for a request of its own. */
type LineAnswer = { line: number; status: number } & ({ uuid: string } | { code: string; detail: string });

interface Running {
  size: number;
  answer: Promise<LineAnswer>;
}

export function isNdjson({ header }: Pick<Call, "header">): boolean {
  return /^application\/(?:x-)?ndjson *(?:;|$)/i.test(header("content-type") ?? "");
}

/** @param queues to which each is handed on */
export async function storeLines(call: Call, queues: readonly Way[]): Promise<Answer> {
  const lines = linesOf(unpacked(call, await source(call)), call.api.settings.maxBytes);
  return bytes(200, written(answered(call, lines, queues)), { "content-type": NDJSON });
}

/** What has to be signed is nothing before its end has come; without that, the lines together may have any size. */
async function source(call: Call): Promise<AsyncIterable<Uint8Array>> {
  if (call.api.settings.signatureSecret === "") {
    // Damaged lines end the reading, not the connection, over which that is still to be told.
    return addAbortSignal(call.signal, call.request).iterator({ destroyOnReturn: false });
  }
  const all = await call.bytes();
  return (async function* () {
    yield all;
  })();
}

function unpacked({ header }: Call, sent: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (header("content-encoding")?.toLowerCase() !== "gzip") return sent;
  const gunzip = createGunzip();
  pipeline(sent, gunzip, () => {}); // What goes wrong there is thrown to whoever reads here.
  return gunzip;
}

async function* answered(
  call: Call,
  lines: AsyncIterable<Line>,
  queues: readonly Way[],
): AsyncGenerator<LineAnswer> {
  const running: Running[] = [];
  let size = 0;
  let last = 0;
  const oldest = async (): Promise<LineAnswer> => {
    const { answer, size: its } = running.shift()!;
    size -= its;
    return answer;
  };
  try {
    for await (const line of lines) {
      last = line.number;
      if (line.number % LINES_A_TURN === 0) await nextTurn();
      // Otherwise a few bytes of gzip, which hold millions of lines, would be read on for nobody.
      call.signal.throwIfAborted();
      if (line.bytes !== undefined && isBlank(line.bytes)) continue;
      const its = line.bytes?.length ?? 0;
      while (running.length > 0 && (running.length >= LINES_AT_ONCE || size + its > BYTES_AT_ONCE)) {
        yield await oldest();
      }
      size += its;
      running.push({ size: its, answer: answerTo(call, line, queues) });
    }
  } catch (error) {
    call.request.resume(); // Whoever still sends comes to read the answer.
    running.push({ size: 0, answer: Promise.resolve(failed(last + 1, unreadable(error))) });
  }
  while (running.length > 0) yield await oldest();
}

/** Never rejects. */
async function answerTo(
  call: Call,
  { number, bytes: sent }: Line,
  queues: readonly Way[],
): Promise<LineAnswer> {
  try {
    if (sent === undefined) throw tooLong(call.api.settings.maxBytes);
    const { uuid, revision } = await storeNew(call, sent);
    await handOnTo(queues, uuid);
    return { line: number, status: revision === undefined ? 201 : 200, uuid };
  } catch (error) {
    return failed(number, asApiError(error));
  }
}

function failed(line: number, { status, code, message, faults }: ApiError): LineAnswer {
  return { line, status, code, detail: [message, ...faults.map(({ says }) => says)].join(" ") };
}

function tooLong(maxBytes: number): ApiError {
  return new ApiError(413, "TOO_LARGE", `More than ${maxBytes} bytes are not taken as one vCon.`);
}

/** Of the gzip; of a request that breaks off nobody is there to be told. */
function unreadable(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(422, "UNREADABLE", "From this line on, what was sent is damaged or cut off.");
}

function isBlank(line: Buffer): boolean {
  return line.length < 1000 && line.toString("latin1").trim() === "";
}

async function* written(answers: AsyncIterable<LineAnswer>): AsyncGenerator<Buffer> {
  for await (const answer of answers) yield Buffer.from(`${JSON.stringify(answer)}\n`);
}
