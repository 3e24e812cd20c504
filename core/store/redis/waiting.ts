/** The lists, one in each slot of a cluster, of vCons whose indexes in other slots are still to be written. */

const SLOTS = 16_384;
let tags: string[] | undefined;

/** The list in the slot of this key. */
export function waitingKey(vconKey: string): string {
  return keyOf(slotOf(vconKey));
}

export function waitingKeys(): string[] {
  return Array.from({ length: SLOTS }, (_, slot) => keyOf(slot));
}

function keyOf(slot: number): string {
  tags ??= findTags();
  return `vcon-waiting:{${tags[slot]}}`;
}

/** For each slot the smallest number whose decimal text lies in it. */
function findTags(): string[] {
  const found: string[] = new Array(SLOTS);
  let missing = SLOTS;
  for (let number = 0; missing > 0; number++) {
    const slot = slotOf(String(number));
    if (found[slot] !== undefined) continue;
    found[slot] = String(number);
    missing--;
  }
  return found;
}

/** The slot of a key without braces: CRC-16/XMODEM modulo 16384 (Redis Cluster specification, "Key distribution model"). */
function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % SLOTS;
}
