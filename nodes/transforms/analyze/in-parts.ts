/** Has the model analyse material of any length: at once, or in parts whose answers it then merges. */
import type { JsonObject, JsonValue } from "../../../core/index.ts";
import { divided, estimateItems, estimateTokens, type Item } from "./divide.ts";
import { instructionsFor, instructionsForMerging } from "./instructions.ts";
import { isTooLong } from "./language-model.ts";
import type { Task } from "./task.ts";

/** In tokens. */
const SMALLEST_PART = 200;

export interface Work {
  task: Task;
  /** Goes with each part. */
  context: JsonObject;
  items: readonly Item[];
  /** The most tokens to ask about at once; less is tried where the model takes less. */
  longest: number;
  ask(instructions: string, data: object): Promise<JsonValue>;
}

export async function analysedInParts(work: Work): Promise<JsonValue> {
  const { task, context, items, longest, ask } = work;
  const around = estimateTokens(instructionsForMerging(task)) + estimateTokens(JSON.stringify(context));
  // What goes with every part is paid for with every part, so that much smaller parts would cost many times the whole.
  const smallest = Math.max(SMALLEST_PART, around / 2);
  let room = Math.max(longest - around, smallest);
  let waiting = divided(items, room);
  const answers: JsonValue[] = [];
  while (waiting.length > 0) {
    const [part, ...others] = waiting as [Item[], ...Item[][]];
    const number = { part: answers.length + 1, of: answers.length + waiting.length };
    try {
      answers.push(await ask(instructionsFor(task, number), { ...context, conversation: part }));
      waiting = others;
    } catch (error) {
      room = Math.min(room, estimateItems(part)) / 2;
      if (!isTooLong(error) || room < smallest) throw error;
      waiting = waiting.flatMap((longer) => divided(longer, room));
    }
  }
  return merged(answers, room, work);
}

/** One answer out of several: as many at a time as there is room for, until one is left. */
async function merged(answers: JsonValue[], room: number, work: Work): Promise<JsonValue> {
  if (answers.length === 1) return answers[0]!;
  const fewer: JsonValue[] = [];
  for (const group of grouped(answers, room)) {
    fewer.push(
      group.length === 1 ? group[0]! : await work.ask(instructionsForMerging(work.task), { answers: group }),
    );
  }
  return merged(fewer, room, work);
}

/** Groups of at least two, so that every round leaves fewer; the last may be of one. */
function grouped(answers: readonly JsonValue[], room: number): JsonValue[][] {
  const groups: JsonValue[][] = [[]];
  let size = 0;
  for (const answer of answers) {
    const next = estimateTokens(JSON.stringify(answer));
    if (size + next > room && groups.at(-1)!.length > 1) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(answer);
    size += next;
  }
  return groups;
}
