/** Tells of vCons that a queue has given up on, and lists them, sends them again or drops them. */
import type { DeadLetter, Queue } from "../../../core/index.ts";
import { type ConfigOf, choice, receiver, StepError, typed } from "../../kit/index.ts";
import { nameToTake } from "../name-field.ts";

const MOST_LISTED = 1000;

const SOME = { action: ["start", "failed", "drop"] };

const fields = {
  queue: nameToTake("queue"),
  action: choice(
    {
      list: "Lists the dead letters",
      start: "Sends them again, from the start",
      failed: "Sends them again, from the node that failed",
      drop: "Drops them",
    },
    { label: "A message", icon: "envelope-o" },
  ),
  which: choice(
    { named: "Those that the message names", all: "All of the queue" },
    { label: "Which", icon: "check-square-o", shownWhen: SOME },
  ),
  letters: typed({
    label: "Named in",
    icon: "envelope-open-o",
    types: ["msg"],
    default: "msg:deadLetter",
    required: true,
    hint: "a dead letter, its id, or a list of them",
    shownWhen: { ...SOME, which: "named" },
  }),
};

export default receiver({
  type: "vcon-dead-letters",
  label: "dead letters",
  icon: "vcon-dead-letters.svg",
  fields,
  outputs: ["new", "done"],
  receive: ({ config, delivery, node, hand, fault }) =>
    delivery.queue(config.queue).watchDead(node, {
      tell: (deadLetter) => hand({ output: "new", message: { payload: deadLetter.uuid, deadLetter } }),
      fault,
    }),
  async answer({ config, delivery }) {
    const queue = (await delivery()).queue(config.queue);
    return { output: "done", message: { payload: await act(queue, config) } };
  },
});

function act(
  queue: Queue,
  { action, which, letters }: ConfigOf<typeof fields>,
): Promise<DeadLetter[] | number> {
  if (action === "list") return queue.deadLetters({ limit: MOST_LISTED });
  const chosen = which === "all" ? which : idsIn(letters);
  return action === "drop" ? queue.drop(chosen) : queue.replay(chosen, action);
}

/** @throws StepError unless all of it are dead letters, or their ids */
function idsIn(letters: unknown): string[] {
  return [letters].flat().map((letter) => {
    const id = typeof letter === "string" ? letter : (letter as DeadLetter | undefined)?.id;
    if (typeof id === "string") return id;
    throw new StepError(
      `The message names no dead letter where "Named in" says. Take msg.deadLetter from what this node sends, or choose all.`,
      { code: "NO_DEAD_LETTER" },
    );
  });
}
