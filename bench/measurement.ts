/** What a benchmark is, and what it finds. */

/** One figure: the median of repeated runs, unless its name says otherwise. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** What each run gave, in their order. */
  runs: number[];
}

export interface Measurement {
  /** Every figure's name begins with it. */
  name: string;
  /** Whether it takes minutes: it runs only where a name is asked for. */
  isLong?: boolean;
  /** @throws LeftOut where something that it needs is not set up */
  measure(): Promise<Figure[]>;
}

/** Why a benchmark was not run. */
export class LeftOut extends Error {}

export function figure(name: string, unit: string, runs: readonly number[]): Figure {
  return { name, value: median(runs), unit, runs: [...runs] };
}

/** The figure of one thing by another, compared run by run because both were measured side by side. */
export function ratio(name: string, above: readonly number[], below: readonly number[]): Figure {
  return figure(
    name,
    "ratio",
    above.map((value, run) => value / below[run]!),
  );
}

/** What 95 of 100 runs stay below. */
export function percentile95(name: string, unit: string, runs: readonly number[]): Figure {
  const sorted = [...runs].sort((one, other) => one - other);
  return { name, value: sorted[Math.ceil(0.95 * sorted.length) - 1]!, unit, runs: [...runs] };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
