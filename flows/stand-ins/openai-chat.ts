/**
 * Stands in for OpenAI's API for chat completions, and for Azure's forms of it.
 *
 * Written from OpenAI's reference
 * (https://developers.openai.com/api/reference/resources/chat/subresources/completions/methods/create), its guide to
 * structured outputs, Azure's reference (https://learn.microsoft.com/azure/ai-foundry/openai/reference), the types of
 * OpenAI's client, and error bodies that users of the APIs have published. It neither streams nor calls tools.
 */

import { randomUUID } from "node:crypto";
import { modestAnswer } from "./modest-model.ts";
import { failure, Refusal, routeOf, success } from "./openai.ts";
import { type Asked, type ModelTable, readQuestion } from "./openai-chat-question.ts";
import { type Answer, type Received, type StandIn, type StandInOptions, startStandIn } from "./stand-in.ts";

/** What the model says: the text alone, or as the wire has it. */
export type Said =
  | string
  | { content?: string | null; refusal?: string; finish_reason?: "stop" | "length" | "content_filter" };

export interface OpenAiChatStandInOptions extends StandInOptions {
  /** The one key that is let in; without it, every key is. */
  key?: string;
  /** The models, which are also Azure's deployments, and how many tokens each takes. */
  models?: ModelTable;
  /** The model; it may throw a {@link Refusal}. A modest one unless given. */
  answer?: (asked: Asked) => Said | Promise<Said>;
}

/** The client's base URL is the stand-in's `url` and "/v1"; Azure's begins with "/openai". */
export function startOpenAiChatStandIn(options: OpenAiChatStandInOptions = {}): Promise<StandIn> {
  return startStandIn(
    {
      largestBody,
      answer: (request) => complete(request, options),
      failure: (status) => failure(status, largestBody),
    },
    options,
  );
}

const largestBody = 100 * 1024 ** 2;

/** Those that the API has in November 2026, some of them, with the lengths that OpenAI's pages of models give. */
const someModels: ModelTable = {
  "gpt-6-astra": 1_050_000,
  "gpt-6-sol": 1_050_000,
  "gpt-6-luna": 1_050_000,
  "gpt-5.6-luna": 1_050_000,
  "gpt-5.4-mini": 400_000,
  "gpt-4.1-mini": 1_047_576,
  "gpt-4o-mini": 128_000,
};

async function complete(request: Received, options: OpenAiChatStandInOptions): Promise<Answer> {
  try {
    const { models = someModels, answer = modestAnswer } = options;
    const route = routeOf(request, "chat/completions", options.key);
    const question = readQuestion(request, models, route.deployment);
    const { content, finish_reason, refusal } = asMessage(await answer(question));
    const choice = {
      index: 0,
      message: { role: "assistant", content, refusal, annotations: [] },
      logprobs: null,
      finish_reason,
      ...(route.isAzure && { content_filter_results: unfiltered }),
    };
    return success({
      id: `chatcmpl-${randomUUID().replaceAll("-", "")}`,
      object: "chat.completion",
      created: Math.floor(Date.now() / 1000),
      model: question.model,
      choices: [choice],
      usage: usageOf(question.tokens, content ?? refusal ?? ""),
      ...(route.isAzure
        ? { prompt_filter_results: [{ prompt_index: 0, content_filter_results: unfiltered }] }
        : { service_tier: "default" }),
    });
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

function asMessage(said: Said) {
  const {
    content = null,
    refusal = null,
    finish_reason = "stop",
  } = typeof said === "string" ? { content: said } : said;
  return { content, refusal, finish_reason };
}

/** Made up of characters, in OpenAI's proportion of about four to a token. */
function usageOf(prompt_tokens: number, said: string) {
  const completion_tokens = Math.ceil(said.length / 4);
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

const unfiltered = Object.fromEntries(
  ["hate", "self_harm", "sexual", "violence"].map((kind) => [kind, { filtered: false, severity: "safe" }]),
);
