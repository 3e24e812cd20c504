/** One question to a language model by OpenAI's chat completions, which all compatible services speak. */
import type { APIError, OpenAI } from "openai";
import type { JsonValue, Recipient } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";
import type { Account } from "./fields.ts";
import type { JsonFormat } from "./json-format.ts";

export interface Question {
  model: string;
  instructions: string;
  /** What the instructions are about, and never more than that. */
  data: object;
  format: JsonFormat | undefined;
}

/** @returns true for the error of a question that is longer than the model takes */
export function isTooLong(error: unknown): boolean {
  return error instanceof StepError && error.code === "TOO_LONG";
}

/**
 * Asks once, and adds the tokens that it took to the recipient.
 * @returns undefined where the answer is not of the form that was asked for
 * @throws StepError for the vendor's errors that its status alone does not explain; else whatever the client throws
 */
export async function ask(
  { client, system, store }: Account,
  { model, instructions, data, format }: Question,
  recipient: Recipient,
  signal: AbortSignal,
): Promise<JsonValue | undefined> {
  const { schema, strict = false } = format ?? {};
  const completion = await client.chat.completions
    .create(
      {
        model,
        messages: [
          // Not "developer": many services know only the older name.
          { role: "system", content: instructions },
          { role: "user", content: JSON.stringify(data) },
        ],
        ...(schema && {
          response_format: { type: "json_schema", json_schema: { name: "answer", strict, schema } },
        }),
        ...(store !== undefined && { store }),
      },
      { signal },
    )
    .catch((error) => {
      throw explained(system, error);
    });
  addTokens(recipient, completion?.usage);
  return answerIn(textIn(system, completion?.choices), format);
}

/** A service of one's own may count nothing, or not tell. */
function addTokens(recipient: Recipient, usage: OpenAI.CompletionUsage | undefined): void {
  const { prompt_tokens, completion_tokens } = usage ?? {};
  if (!Number.isSafeInteger(prompt_tokens) || !Number.isSafeInteger(completion_tokens)) return;
  const { input, output } = recipient.tokens ?? { input: 0, output: 0 };
  recipient.tokens = { input: input + prompt_tokens!, output: output + completion_tokens! };
}

/** @throws StepError where the model gave no answer, or not all of it */
function textIn(system: string, choices: OpenAI.ChatCompletion.Choice[] | undefined): string {
  const [choice] = Array.isArray(choices) ? choices : [];
  if (!choice?.message) {
    throw new StepError(`${system} gave an answer that can't be read. Send the vCon again later.`, {
      code: "ANSWER_UNREADABLE",
      transient: true,
    });
  }
  const { finish_reason, message } = choice;
  if (message.refusal) {
    throw new StepError("The model refused the task. Change the prompt, or choose another model.", {
      code: "REFUSED",
    });
  }
  if (finish_reason === "content_filter") throw filtered(system);
  if (finish_reason === "length") {
    throw new StepError(
      "The model's answer was cut off because it became too long. Ask for less, or choose another model.",
      { code: "ANSWER_CUT_OFF" },
    );
  }
  return typeof message.content === "string" ? message.content : "";
}

function answerIn(content: string, format: JsonFormat | undefined): JsonValue | undefined {
  if (!format) return content.toWellFormed().trim() || undefined;
  const value = jsonIn(content);
  return format.accepts(value) ? value : undefined;
}

/** The JSON in a text, also inside a code fence, where models that are held to nothing put it. */
function jsonIn(content: string): JsonValue | undefined {
  const [, fenced] = /^\s*```(?:json)?\s(.*)```\s*$/s.exec(content) ?? [];
  try {
    // No store keeps half a surrogate pair.
    return JSON.parse(fenced ?? content, (_, value) =>
      typeof value === "string" ? value.toWellFormed() : value,
    );
  } catch {
    return undefined;
  }
}

/** What the vendors' own codes and types of errors mean; services differ in which of the two they set. */
const MEANINGS: Record<string, (system: string) => StepError> = {
  context_length_exceeded: tooLong,
  string_above_max_length: tooLong,
  exceed_context_size_error: tooLong,
  insufficient_quota: noCredit,
  billing_hard_limit_reached: noCredit,
  billing_not_active: noCredit,
  model_not_found: noModel,
  DeploymentNotFound: noModel,
  content_filter: filtered,
  invalid_prompt: filtered,
};

function explained(system: string, error: unknown): unknown {
  const { status, code, type, param, message = "" } = (error ?? {}) as Partial<APIError>;
  if (status === undefined) return error;
  const names = [code, type].filter((name) => typeof name === "string" && Object.hasOwn(MEANINGS, name));
  if (names[0]) return MEANINGS[names[0]]!(system);
  // More tokens at once than the account has in a minute: OpenAI tells it from too many questions by its words alone.
  const isTooMuch = status === 429 && message.includes("Request too large");
  // vLLM tells by the parameter alone.
  if (status === 413 || isTooMuch || (status === 400 && param === "input_tokens")) return tooLong(system);
  if (status === 400 && param?.startsWith("response_format")) return noSchema(system);
  return error;
}

function tooLong(system: string): StepError {
  return new StepError(
    `${system} takes no text of this length, even in small parts. Lower "Longest text", or choose another model.`,
    { code: "TOO_LONG" },
  );
}

function noSchema(system: string): StepError {
  return new StepError(
    `${system} can't hold the model's answer to the schema. Choose another model, or a simpler schema.`,
    { code: "NO_SCHEMA" },
  );
}

function noCredit(system: string): StepError {
  return new StepError(
    `${system} does the work no longer: the account has no credit left, or has reached its limit. Check its billing.`,
    { code: "NO_CREDIT" },
  );
}

function noModel(system: string): StepError {
  return new StepError(
    `${system} has no model of the name that the node asks for, or the account may not use it. Check "Model" and the account's URL.`,
    { code: "NO_MODEL" },
  );
}

function filtered(system: string): StepError {
  return new StepError(
    `${system} holds the conversation, or the answer, to be against its rules and gave none. Relax its content filter, or choose another model.`,
    { code: "CONTENT_FILTERED" },
  );
}
