/** How often one holder of a key, or one address without a key, may ask. */
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { ApiError } from "../errors.ts";

const MINUTE_SECONDS = 60;
/** Wrong keys from one address in a minute, whatever the limit is. */
const WRONG_KEYS = 60;

export class RateLimit {
  readonly #asked: RateLimiterMemory | undefined;
  readonly #wrong = new RateLimiterMemory({ points: WRONG_KEYS, duration: MINUTE_SECONDS });

  /** @param perMinute 0 for no limit */
  constructor(perMinute: number) {
    if (perMinute > 0) this.#asked = new RateLimiterMemory({ points: perMinute, duration: MINUTE_SECONDS });
  }

  /** @throws ApiError 429 */
  async count(holder: string): Promise<void> {
    if (this.#asked) await consume(this.#asked, holder);
  }

  /** @throws ApiError 429 */
  async countWrongKey(address: string): Promise<void> {
    await consume(this.#wrong, address);
  }
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    throw new ApiError(429, "TOO_MANY_REQUESTS", `Asked too often. Ask again in ${seconds} seconds.`, {
      headers: { "retry-after": String(seconds) },
    });
  }
}
