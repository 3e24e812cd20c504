/** What a client asks of the chat completions API, checked as strictly as OpenAI checks it. */

import { badRequest, unknownDeployment, unknownModel } from "./openai.ts";
import type { Received } from "./stand-in.ts";
import { type Schema, strictFault } from "./strict-schema.ts";

/** By name, how many tokens a model takes. */
export type ModelTable = Record<string, number>;

export interface Message {
  role: "system" | "developer" | "user" | "assistant";
  content: string;
}

/** What reaches the model. */
export interface Asked {
  model: string;
  messages: Message[];
  /** What the answer has to be; where `strict`, the vendor would let the model write nothing else. */
  schema: Schema | undefined;
  strict: boolean;
}

export interface Question extends Asked {
  tokens: number;
}

export function readQuestion(
  request: Received,
  models: ModelTable,
  deployment: string | undefined,
): Question {
  const body = readJson(request);
  checkNames(body);
  const model = readModel(body, models, deployment);
  const messages = readMessages(body["messages"]);
  checkSampling(body, model);
  const format = readFormat(body["response_format"], messages);
  const tokens = messages.reduce((sum, { content }) => sum + Math.ceil(content.length / 4) + 3, 0);
  if (tokens > models[model]!) {
    throw badRequest(
      `This model's maximum context length is ${models[model]} tokens. However, your messages resulted in ${tokens} tokens. Please reduce the length of the messages.`,
      { param: "messages", code: "context_length_exceeded" },
    );
  }
  return { model, messages, ...format, tokens };
}

function readJson({ headers, body }: Received): Record<string, unknown> {
  const isJson = /^application\/json\b/i.test(headers["content-type"] ?? "");
  try {
    const value = isJson ? JSON.parse(body.toString()) : undefined;
    if (isObject(value)) return value;
  } catch {
    // Refused below.
  }
  throw badRequest(
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)",
  );
}

const parameters = new Set(
  (
    "messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens " +
    "metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key " +
    "prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier " +
    "stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options"
  ).split(" "),
);
/** What a stand-in can't do. */
const unsupported = [
  "audio",
  "functions",
  "function_call",
  "stream",
  "tools",
  "tool_choice",
  "web_search_options",
];

function checkNames(body: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(body)) {
    if (!parameters.has(name)) throw badRequest(`Unrecognized request argument supplied: ${name}`);
    if (unsupported.includes(name) && value !== false && value !== null) {
      throw badRequest(`Unsupported parameter: '${name}' is not supported with this model.`, {
        param: name,
        code: "unsupported_parameter",
      });
    }
  }
}

function readModel({ model }: Record<string, unknown>, models: ModelTable, deployment?: string): string {
  if (deployment !== undefined) {
    if (Object.hasOwn(models, deployment)) return deployment;
    throw unknownDeployment();
  }
  if (typeof model !== "string" || model === "") throw badRequest("you must provide a model parameter");
  if (!Object.hasOwn(models, model)) throw unknownModel(model);
  return model;
}

const roles = ["system", "developer", "user", "assistant"];
/** OpenAI once took a tenth of that; the error has stayed the same. */
const longestContent = 10_485_760;

function readMessages(messages: unknown): Message[] {
  if (messages === undefined) {
    throw badRequest("Missing required parameter: 'messages'.", {
      param: "messages",
      code: "missing_required_parameter",
    });
  }
  if (!Array.isArray(messages) || messages.length === 0) {
    throw badRequest("Invalid 'messages': expected an array with minimum length 1.", {
      param: "messages",
      code: Array.isArray(messages) ? "empty_array" : "invalid_type",
    });
  }
  return messages.map(readMessage);
}

function readMessage(message: unknown, index: number): Message {
  const at = `messages[${index}]`;
  const { role, content, name: _, ...others } = isObject(message) ? message : {};
  if (!roles.includes(role as string)) {
    throw badRequest(`Invalid value: '${role}'. Supported values are: ${roles.join(", ")}.`, {
      param: `${at}.role`,
      code: "invalid_value",
    });
  }
  for (const other of Object.keys(others)) {
    throw badRequest(`Unknown parameter: '${at}.${other}'.`, {
      param: `${at}.${other}`,
      code: "unknown_parameter",
    });
  }
  const text = Array.isArray(content) ? content.map(textPart).join("") : content;
  if (typeof text !== "string") {
    throw badRequest("Invalid value for 'content': expected a string, got null.", {
      param: `${at}.content`,
      code: "invalid_type",
    });
  }
  if (text.length > longestContent) {
    throw badRequest(
      `Invalid '${at}.content': string too long. Expected a string with maximum length ${longestContent}, but got a string with length ${text.length} instead.`,
      { param: `${at}.content`, code: "string_above_max_length" },
    );
  }
  return { role: role as Message["role"], content: text };
}

function textPart(part: unknown): unknown {
  const { type, text } = isObject(part) ? part : {};
  return type === "text" ? text : undefined;
}

/** The models that reason take no sampling of the caller's, and count the tokens of reasoning too. */
function checkSampling(body: Record<string, unknown>, model: string): void {
  if (!/^(gpt-[5-9]|o\d)/.test(model)) return;
  if (body["temperature"] !== undefined && body["temperature"] !== 1) {
    throw badRequest(
      `Unsupported value: 'temperature' does not support ${body["temperature"]} with this model. Only the default (1) value is supported.`,
      { param: "temperature", code: "unsupported_value" },
    );
  }
  if (body["max_tokens"] !== undefined) {
    throw badRequest(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      { param: "max_tokens", code: "unsupported_parameter" },
    );
  }
}

type Format = Pick<Asked, "schema" | "strict">;

function readFormat(format: unknown, messages: readonly Message[]): Format {
  const { type = "text", json_schema, ...others } = isObject(format) ? format : {};
  for (const other of Object.keys(others)) {
    throw badRequest(`Unknown parameter: 'response_format.${other}'.`, {
      param: `response_format.${other}`,
      code: "unknown_parameter",
    });
  }
  switch (type) {
    case "text":
      return { schema: undefined, strict: false };
    case "json_object":
      if (messages.some(({ content }) => /json/i.test(content))) {
        return { schema: { type: "object" }, strict: false };
      }
      throw badRequest(
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
        { param: "messages" },
      );
    case "json_schema":
      return readJsonSchema(json_schema);
    default:
      throw badRequest(
        `Invalid value: '${type}'. Supported values are: 'json_object', 'json_schema', and 'text'.`,
        { param: "response_format.type", code: "invalid_value" },
      );
  }
}

function readJsonSchema(given: unknown): Format {
  const param = "response_format.json_schema";
  const { name, schema, strict = false, description: _, ...others } = isObject(given) ? given : {};
  for (const other of Object.keys(others)) {
    throw badRequest(`Unknown parameter: '${param}.${other}'.`, {
      param: `${param}.${other}`,
      code: "unknown_parameter",
    });
  }
  if (typeof name !== "string") {
    throw badRequest(`Missing required parameter: '${param}.name'.`, {
      param: `${param}.name`,
      code: "missing_required_parameter",
    });
  }
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    throw badRequest(
      `Invalid '${param}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      { param: `${param}.name`, code: "invalid_value" },
    );
  }
  const fault = schemaFault(schema, strict === true);
  if (fault === undefined) return { schema: schema as Schema, strict: strict === true };
  throw badRequest(`Invalid schema for response_format '${name}': ${fault}`, { param: "response_format" });
}

function schemaFault(schema: unknown, strict: boolean): string | undefined {
  if (!isObject(schema) || schema["type"] !== "object") {
    const type = isObject(schema) ? JSON.stringify(schema["type"] ?? null) : "null";
    return `schema must be a JSON Schema of 'type: "object"', got 'type: ${type}'.`;
  }
  return strict ? strictFault(schema) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
