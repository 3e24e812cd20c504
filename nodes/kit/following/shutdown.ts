/**
 * When the process is asked to end (SIGTERM): takes no more jobs, and lets those that run finish, before Node-RED stops
 * the flows. Node-RED takes all nodes out at once, and then no message leads on any more.
 */

/** How long the jobs may take. Docker waits 10 s before it kills, and closing the nodes takes some too. */
const DEFAULT_SECONDS = 6;
/** More than anybody waits, and less than a timer can hold. */
const MOST_SECONDS = 86_400;

type Listener = (signal: NodeJS.Signals) => void;

/** Each takes no more, and resolves once what it had has ended. */
const drains = new Set<() => Promise<void>>();
/** Whoever wanted to be told of the signal before. */
let others: Listener[] = [];
let isDraining = false;
let hasDrained = false;

/** Whether the process is ending, and the jobs have had their time. */
export function isEnding(): boolean {
  return hasDrained;
}

/** @returns what to call when there is nothing to drain any more */
export function onShutdown(drain: () => Promise<void>): () => void {
  if (drains.size === 0) takeOver();
  drains.add(drain);
  return () => {
    if (drains.delete(drain) && drains.size === 0) handBack();
  };
}

function takeOver(): void {
  others = process.rawListeners("SIGTERM") as Listener[];
  process.removeAllListeners("SIGTERM");
  process.on("SIGTERM", end);
}

function handBack(): void {
  process.off("SIGTERM", end);
  for (const listener of others) process.on("SIGTERM", listener);
  others = [];
}

/** Whoever asks a second time does not want to wait. */
function end(signal: NodeJS.Signals): void {
  if (isDraining) {
    tellOthers(signal);
    return;
  }
  isDraining = true;
  const timer = setTimeout(() => tellOthers(signal), secondsToFinish() * 1000);
  void Promise.allSettled([...drains].map((drain) => drain())).then(() => {
    clearTimeout(timer);
    tellOthers(signal);
  });
}

function secondsToFinish(): number {
  const seconds = Number(process.env["VCON_SHUTDOWN_SECONDS"] || DEFAULT_SECONDS);
  return seconds >= 0 ? Math.min(seconds, MOST_SECONDS) : DEFAULT_SECONDS;
}

function tellOthers(signal: NodeJS.Signals): void {
  if (hasDrained) return;
  hasDrained = true;
  handBack();
  // Nobody else listens: the signal ends the process, as it would have without us.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  else process.emit(signal, signal);
}
