/** Which part of the media a request asks for (RFC 9110 section 14). */
import parseRange from "range-parser";
import type { Call } from "../call.ts";
import { ApiError } from "../errors.ts";

/** From `start` on, up to but without `end`. */
export interface Part {
  start: number;
  end: number;
}

/**
 * @returns undefined for all of it: also where several parts are asked for, or a part of what has another ETag by now
 * @throws ApiError 416
 */
export function partAsked({ request, header }: Call, size: number, etag: string): Part | undefined {
  const range = header("range");
  if (range === undefined || request.method !== "GET" || (header("if-range") ?? etag) !== etag) return;
  const ranges = parseRange(size, withinSize(range.trim(), size));
  if (ranges === -1) throw unsatisfiable(size);
  if (ranges === -2 || ranges.type.toLowerCase() !== "bytes" || ranges.length > 1) return;
  const { start, end } = ranges[0]!;
  return { start, end: end + 1 };
}

/** The last so many bytes are all of them where there are no more; the library says there are none. */
function withinSize(range: string, size: number): string {
  return range.replace(/^bytes=-(\d+)$/i, (_, length) => `bytes=-${Math.min(Number(length), size)}`);
}

function unsatisfiable(size: number): ApiError {
  return new ApiError(416, "RANGE_NOT_THERE", `The media have no such bytes: they have ${size}.`, {
    headers: { "content-range": `bytes */${size}` },
  });
}
