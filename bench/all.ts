/** All benchmarks, in the order in which they run. */
import { apiAudio } from "./api-audio.ts";
import { apiMillion } from "./api-million.ts";
import { apiRate } from "./api-rate.ts";
import { bytes } from "./bytes.ts";
import { chain } from "./chain.ts";
import { document } from "./document.ts";
import { files } from "./files.ts";
import { following } from "./following.ts";
import { hop } from "./hop.ts";
import { idle } from "./idle.ts";
import { ingest } from "./ingest.ts";
import type { Measurement } from "./measurement.ts";
import { queue } from "./queue.ts";
import { queueChain } from "./queue-chain.ts";
import { reading } from "./reading.ts";
import { rows } from "./rows.ts";
import { sheets } from "./sheets.ts";
import { takeover } from "./takeover.ts";

export const measurements: Measurement[] = [
  hop,
  reading,
  ...document,
  ...chain,
  ...bytes,
  following,
  ...queue,
  ...queueChain,
  ...takeover,
  ...ingest,
  rows,
  sheets,
  ...files,
  ...apiRate,
  ...apiAudio,
  ...apiMillion,
  idle,
];
