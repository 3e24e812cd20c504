/** The work of a node that takes what comes from elsewhere: it opens the way, and follows each job to its end. */
import { AsyncResource } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type Consumer, type Failure, findUuid, type Outcome, type TakenJob } from "../../core/index.ts";
import type { ReceiverDefinition } from "./definition.ts";
import { aboutVcon } from "./errors.ts";
import { failureAt } from "./following/failure.ts";
import { type Follower, followerOf, RUN_PROPERTY } from "./following/follower.ts";
import type { Run, Until } from "./following/run.ts";
import { onShutdown } from "./following/shutdown.ts";
import { leadsSomewhere, silentEnds } from "./following/ways.ts";
import { setOnMessage } from "./message.ts";
import type { Begun, Message } from "./runner.ts";
import type { Work } from "./work.ts";
import { callFor, retry, type Workplace } from "./workplace.ts";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** Trying again would not help. */
const MENDED_BY_DEPLOY = new Set([
  "NOT_CONFIGURED",
  "DELIVERY_NAME_MALFORMED",
  "DELIVERY_UNSUPPORTED",
  "STORE_URL_MALFORMED",
]);

/** Who can write on a channel or a list could fill the log. */
const REFUSALS_PAUSE_MS = 60_000;

const NO_UUID: Failure = { code: "NO_UUID", reason: "What came is no UUID of a vCon." };

/** How the form says that jobs are to be taken. */
export interface JobLimits {
  atOnce: number;
  attempts: number;
  /** Seconds. */
  pause: number;
  /** Seconds. */
  timeLimit: number;
  until: Until;
}

/** What becomes of what comes; nothing here throws. */
export interface Arrivals {
  started(): Begun;
  send(output: string, message: Message): void;
  finished(output: string, begun: Begun): void;
  failed(begun: Begun): void;
  /** One that others will do. */
  left(): void;
  fault(error: Error | undefined): void;
  warn(text: string): void;
  /** Where the flow ends in a node that never says that it is done. */
  neverFinishes(where: string): void;
  error(text: string): void;
  notWired(): void;
  notConfigured(error: Error): void;
}

export class Receiving implements Work {
  readonly waits = true;
  readonly #definition: ReceiverDefinition;
  readonly #place: Workplace;
  readonly #limits: JobLimits;
  readonly #follower: Follower;
  readonly #stopping = new AbortController();
  readonly #runs = new Set<Run>();
  #consumer: Consumer | undefined;
  /** Since the log last spoke of it. */
  #refused = 0;
  #quietUntil = 0;

  constructor(definition: ReceiverDefinition, place: Workplace, limits: JobLimits) {
    this.#definition = definition;
    this.#place = place;
    this.#limits = limits;
    this.#follower = followerOf(place.RED);
    // Those that have not ended by then are for the next who comes.
    place.closing.addEventListener("abort", () => this.#returnAll(), { once: true });
  }

  /** Does what a message asks for. */
  async run(message: Message): Promise<string> {
    const { RED } = this.#place;
    const call = await callFor(this.#place, message);
    const answer = await this.#definition.answer!({
      ...call,
      delivery: () => this.#delivery(),
      finish: (reason) => this.#follower.runOf(message)?.settle(this.#outcome(reason)),
    });
    if (answer) setOnMessage(RED, message, answer.message);
    return answer?.output ?? "done";
  }

  #outcome(reason: string | undefined): Outcome {
    if (reason === undefined) return { is: "done" };
    return { is: "failed", failure: failureAt(this.#place.node, reason) };
  }

  /** Opens the way, and tries again until that works or the node is stopped. Never rejects. */
  async open(arrivals: Arrivals): Promise<void> {
    const { consume, receive, answer } = this.#definition;
    if (!consume && !receive) return;
    if (!leadsSomewhere(this.#place)) return answer ? undefined : arrivals.notWired();
    if (consume) this.#followJobs(arrivals);
    const { signal } = this.#stopping;
    let told: string | undefined;
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        const consumer = await this.#begin(arrivals);
        if (signal.aborted) await consumer.stop();
        else this.#consumer = consumer;
        return arrivals.fault(undefined);
      } catch (thrown) {
        const error = aboutVcon(undefined, thrown);
        if (MENDED_BY_DEPLOY.has(error.code)) return arrivals.notConfigured(error);
        if (error.message !== told) arrivals.fault(error);
        told = error.message;
      }
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  /** Takes no more; resolves once every job has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#consumer?.stop();
  }

  #followJobs(arrivals: Arrivals): void {
    const { RED, node } = this.#place;
    const unfollow = this.#follower.listen(node);
    const forget = onShutdown(() => this.stop());
    node.on("close", () => forget());
    this.#place.closing.addEventListener("abort", unfollow, { once: true });
    if (this.#limits.until === "finish") return;
    const silent = silentEnds(RED, node).join(", ");
    if (silent === "") return;
    arrivals.neverFinishes(silent);
    arrivals.warn(
      `The flow ends in ${silent}, which never says that it is done: every vCon that gets there counts as failed after the time limit. Wire a finish node there too, and set "Done when" to it.`,
    );
  }

  async #begin(arrivals: Arrivals): Promise<Consumer> {
    const { node, settings } = this.#place;
    const { consume, receive } = this.#definition;
    // Without further attempts: whoever calls makes them, and tells why there has to be another one.
    const delivery = await (await this.#place.store()).delivery();
    const config = await settings.for({});
    const fault = (error: Error | undefined) => arrivals.fault(error && aboutVcon(undefined, error));
    if (consume) {
      const { atOnce, attempts, pause } = this.#limits;
      const options = { atOnce, attempts, pause: pause * 1000, fault };
      return consume({ config, delivery, options, take: (job) => this.#take(job, arrivals) });
    }
    return receive!({
      config,
      delivery,
      node: node.id,
      fault,
      refuse: (error) => this.#refuse(error, arrivals),
      // Whoever publishes in this process may do so within a job: what is heard is no part of that.
      hand: AsyncResource.bind(({ output, message }) => {
        const begun = arrivals.started();
        arrivals.send(output, message as Message);
        arrivals.finished(output, begun);
      }),
    });
  }

  #refuse({ message }: Error, arrivals: Arrivals): void {
    arrivals.failed(arrivals.started());
    this.#tellRefused(message, arrivals);
  }

  #tellRefused(reason: string, arrivals: Arrivals): void {
    this.#refused++;
    const now = performance.now();
    if (now < this.#quietUntil) return;
    arrivals.error(this.#refused === 1 ? reason : `${reason} (${this.#refused} times)`);
    this.#refused = 0;
    this.#quietUntil = now + REFUSALS_PAUSE_MS;
  }

  async #delivery() {
    return (await retry(this.#place, this.#place.store)).delivery();
  }

  #take(job: TakenJob, arrivals: Arrivals): void {
    const { RED } = this.#place;
    const { until, timeLimit } = this.#limits;
    const begun = arrivals.started();
    const settle = (outcome: Outcome) => {
      this.#runs.delete(run);
      this.#tell(job, outcome, arrivals, begun);
      void job.settle(outcome);
    };
    const run = this.#follower.begin({ job: job.id, until, timeLimit, settle });
    this.#runs.add(run);
    const { resume } = job;
    const own = { [RUN_PROPERTY]: run.id, _msgid: run.id };
    const payload = findUuid(job.uuid);
    if (payload === undefined) {
      run.settle({ is: "failed", failure: NO_UUID });
      return;
    }
    try {
      run.start(() => {
        const from = resume && RED.nodes.getNode(resume.node);
        if (from) from.receive({ ...resume.message, ...own } as Message);
        else arrivals.send(this.#definition.outputs[0]!, { payload, ...own });
      });
    } catch (error) {
      const { message: reason, code } = aboutVcon(undefined, error);
      run.settle({ is: "failed", failure: { reason, code } });
    }
  }

  #tell(job: TakenJob, outcome: Outcome, arrivals: Arrivals, begun: Begun): void {
    if (outcome.is === "returned") arrivals.left();
    else if (outcome.is === "done") arrivals.finished(this.#definition.outputs[0]!, begun);
    else {
      arrivals.failed(begun);
      this.#tellFailure(job, outcome.failure, arrivals);
    }
  }

  #tellFailure({ uuid, attempt }: TakenJob, { reason, node }: Failure, arrivals: Arrivals): void {
    const { attempts } = this.#limits;
    if (findUuid(uuid) === undefined) this.#tellRefused(reason, arrivals);
    else if (attempt >= attempts)
      arrivals.error(`vCon ${uuid} is now a dead letter, after attempt ${attempt} of ${attempts}. ${reason}`);
    // What failed at a node is in the log already.
    else if (!node) arrivals.warn(`vCon ${uuid}: attempt ${attempt} of ${attempts} failed. ${reason}`);
  }

  #returnAll(): void {
    for (const run of this.#runs) run.settle({ is: "returned" });
  }
}
