/** Has a language model analyse what was said and written. */
import type { Analysis, JsonValue, Recipient, VconView } from "../../../core/index.ts";
import { StepError, transform } from "../../kit/index.ts";
import { type Account, fields } from "./fields.ts";
import { analysedInParts } from "./in-parts.ts";
import { ask } from "./language-model.ts";
import { type Material, materialsIn, partsOfMaterial } from "./material.ts";
import { type Task, taskOf, typeOfTask } from "./task.ts";

export default transform({
  type: "vcon-analyze",
  label: "analyze",
  icon: "vcon-analyze.svg",
  outside: true,
  // A model that reasons over a long conversation takes minutes.
  timeLimit: 300,
  fields,
  reads: (config) => [...partsOfMaterial(config), `analysis:${typeOfTask(config)}`],
  run: async function* ({ vcon, config, outside }) {
    const { model, longest } = config;
    const task = await taskOf(config);
    for (const material of await materialsIn(vcon, config)) {
      if (isAnalysed(vcon, task, model, material)) continue;
      const account = await config.account();
      const { vendor, system, host } = account;
      // One for all that is asked, so that the trail has one entry with the tokens of all.
      const recipient: Recipient = { vendor, product: model, host, categories: material.categories };
      const askOnce = (instructions: string, data: object) => {
        const question = { model, instructions, data, format: task.format };
        return outside(system, (signal) => ask(account, question, recipient, signal), recipient);
      };
      const answer = await analysedInParts({
        task,
        ...material,
        longest: longest * 1000,
        ask: async (instructions, data) =>
          (await askOnce(instructions, data)) ?? (await askOnce(instructions, data)) ?? refuse(task),
      });
      yield {
        add: {
          analysis: [toAnalysis(answer, task, material, account, model)],
          tags: task.tags(answer),
        },
      };
    }
  },
});

/** At whichever account. */
function isAnalysed({ analysis }: VconView, task: Task, model: string, { dialog }: Material): boolean {
  return [...analysis.values()].some(
    (known) =>
      known.type === task.type &&
      known.schema === task.schemaName &&
      known.product === model &&
      [known.dialog ?? []].flat().join() === dialog.join(),
  );
}

function toAnalysis(
  body: JsonValue,
  { type, schemaName, format }: Task,
  { dialog, attachment }: Material,
  { vendor }: Account,
  product: string,
): Analysis {
  return {
    type,
    ...(dialog.length > 0 && { dialog: dialog.length === 1 ? dialog[0]! : dialog }),
    ...(attachment.length > 0 && { attachment }),
    vendor,
    product,
    schema: schemaName,
    mediatype: format ? "application/json" : "text/plain",
    encoding: format ? "json" : "none",
    body,
  };
}

function refuse({ format }: Task): never {
  const problem = format ? "did not fit the schema" : "was empty";
  throw new StepError(
    `The model's answer ${problem}, twice. Make the task simpler, or choose another model.`,
    { code: "ANSWER_UNFIT" },
  );
}
