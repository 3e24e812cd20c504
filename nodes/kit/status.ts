/** The status below a node: how many vCons it has done, at most once a second. */
import type { Node } from "node-red";

const PAUSE_MS = 1000;
const FAILED = "failed";

export class StatusCounter {
  readonly #node: Node;
  #running = 0;
  #failing = false;
  #faulty = false;
  #timer: NodeJS.Timeout | undefined;
  #stale = false;
  #warning: string | undefined;
  readonly #counts = new Map<string, number>();

  /** `outcomes` are the names of what can come of a step; a step without outputs has one, "done". */
  constructor(node: Node, outcomes: readonly string[]) {
    this.#node = node;
    for (const outcome of outcomes) this.#counts.set(outcome, 0);
  }

  started(): void {
    this.#running++;
    this.#show();
  }

  finished(outcome: string): void {
    this.#running--;
    this.#failing = false;
    this.#count(outcome);
    this.#show();
  }

  failed(): void {
    this.#running--;
    this.#failing = true;
    this.#count(FAILED);
    this.#show();
  }

  /** Something failed that was no vCon yet; the next success ends it. */
  broke(): void {
    this.#failing = true;
    this.#show();
  }

  /** One that there was nothing to do about. */
  left(): void {
    this.#running--;
    this.#show();
  }

  /** Whether something that concerns no single vCon does not work. */
  faulty(isFaulty: boolean): void {
    this.#faulty = isFaulty;
    this.#show();
  }

  /** Stands beside the counts from now on. */
  warn(warning: string): void {
    this.#warning = warning;
    this.#show();
  }

  #count(outcome: string): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #show(): void {
    this.#stale = true;
    if (this.#timer !== undefined) return;
    // The first change of a second waits a moment, so that a quick step does not flash as running.
    this.#timer = setTimeout(() => this.#draw(), PAUSE_MS / 10);
  }

  #draw(): void {
    this.#stale = false;
    this.#node.status(this.#status());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#stale) this.#draw();
    }, PAUSE_MS);
  }

  #status(): { fill: "red" | "blue" | "yellow" | "green"; shape: "dot" | "ring"; text: string } {
    const counts = [...this.#counts]
      .filter(([outcome, count]) => outcome !== FAILED || count > 0)
      .map(([outcome, count]) => `${count} ${outcome}`)
      .join(", ");
    const remark = this.#faulty ? "see the log" : this.#warning;
    const text = remark === undefined ? counts : `${counts}; ${remark}`;
    if (this.#failing || this.#faulty) return { fill: "red", shape: "ring", text };
    if (this.#running > 0) return { fill: "blue", shape: "dot", text: `${this.#running} running, ${text}` };
    if (this.#warning !== undefined) return { fill: "yellow", shape: "ring", text };
    return { fill: "green", shape: "dot", text };
  }
}
