/** The records of a file, as the bytes that they are, without the whole of it in memory. */
import { createReadStream } from "node:fs";

const [QUOTE, COMMA, LINE_FEED] = Buffer.from('",\n');

export interface Records {
  /** Each with its line end. */
  records: Buffer[];
  /** What stands behind the last line end of the file. */
  leftover?: Buffer;
}

/** @param hasQuotes whether a line may end inside of quotes, and the record goes on, as in CSV */
export async function* recordsOf(path: string, hasQuotes: boolean): AsyncGenerator<Records> {
  let begun: Buffer[] = [];
  let isInQuotes = false;
  // Elsewhere a quote is a character like others: somebody has written 5" into the file.
  let mayOpen = true;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    const records: Buffer[] = [];
    let start = 0;
    for (let at = 0; at < piece.length; at++) {
      const byte = piece[at];
      if (hasQuotes && byte === QUOTE && (isInQuotes || mayOpen)) {
        isInQuotes = !isInQuotes;
        // A second one behind it is a quote in the text, which goes on.
        mayOpen = true;
      } else if (!isInQuotes) {
        mayOpen = byte === COMMA || byte === LINE_FEED;
        if (byte !== LINE_FEED) continue;
        records.push(Buffer.concat([...begun, piece.subarray(start, at + 1)]));
        begun = [];
        start = at + 1;
      }
    }
    if (start < piece.length) begun.push(piece.subarray(start));
    yield { records };
  }
  if (begun.length > 0) yield { records: [], leftover: Buffer.concat(begun) };
}
