/** Parts of a list, to be worked on one after the other. */

/** Runs of `size` items, in their order; the last one may be shorter. */
export function inBatches<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}
