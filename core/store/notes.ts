/** Small texts that a store keeps for a while, such as what was answered to a request that may come again. */

export interface Notes {
  /**
   * Notes the text, unless something is noted under the key.
   * @param key any text; it is kept, so it holds nothing personal
   * @param seconds how long it is kept
   * @returns what was noted there before, undefined if the text is noted now
   */
  add(key: string, text: string, seconds: number): Promise<string | undefined>;

  /** What is noted, undefined if nothing is. */
  get(key: string): Promise<string | undefined>;

  /** Notes the text in place of what was noted. */
  set(key: string, text: string, seconds: number): Promise<void>;

  drop(key: string): Promise<void>;
}
