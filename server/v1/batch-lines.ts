/** Lines out of bytes as they come. */

const LINE_END = 0x0a;

export interface Line {
  /** Counted from 1, empty ones too. */
  number: number;
  /** Undefined for one that is longer than allowed, which is passed over without being kept. */
  bytes: Buffer | undefined;
}

/** @param maxBytes the most that a line may have, without its end */
export async function* linesOf(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Line> {
  const line = new GatheredLine(maxBytes);
  let number = 0;
  for await (const chunk of source) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, start)) {
      line.add(chunk.subarray(start, end));
      yield { number: ++number, bytes: line.take() };
      start = end + 1;
    }
    line.add(chunk.subarray(start));
  }
  const last = line.take();
  if (last?.length !== 0) yield { number: ++number, bytes: last };
}

class GatheredLine {
  readonly #maxBytes: number;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > this.#maxBytes) this.#pieces = [];
    else this.#pieces.push(piece);
  }

  /** The line so far; what is added then belongs to the next one. */
  take(): Buffer | undefined {
    const line = this.#length > this.#maxBytes ? undefined : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    return line;
  }
}
