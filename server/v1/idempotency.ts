/**
 * The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a request that is sent again, because its
 * answer was lost, is answered as it was before and not done again.
 */
import type { Answer } from "../answer.ts";
import { jsonIn } from "../body.ts";
import { ApiError, asApiError, errorAnswer } from "../errors.ts";
import type { AnswerTold, Route } from "../route.ts";
import { digestOf, idempotencyKeyIn, KEPT_SECONDS } from "../work/idempotency-key.ts";
import { isNdjson } from "./batch.ts";

/** If the process ends in the middle, the request may be sent again after so long. */
const RUNNING_SECONDS = 60;

interface Note {
  /** What was asked, as a digest. */
  request: string;
  /** Missing while it is being done. */
  answer?: Answer;
}

/** Lets a route that changes something heed the header; its answers are kept, so their bodies are short texts. */
export function idempotent(route: Route): Route {
  if (route.method !== "POST" && route.method !== "PATCH") return route;
  return {
    ...route,
    headers: {
      ...route.headers,
      "Idempotency-Key": "Sent again with the same key within 24 hours, the request is not done again.",
    },
    answers: {
      ...route.answers,
      400: orElse(route.answers[400], "KEY_MALFORMED: the Idempotency-Key can't be used."),
      409: orElse(
        route.answers[409],
        "STILL_RUNNING: the request with this Idempotency-Key is still being done.",
      ),
    },
    run: (call) => {
      const key = call.header("idempotency-key");
      return key === undefined ? route.run(call) : runOnce(call, key, route.run);
    },
  };
}

function orElse(answer: AnswerTold | undefined, says: string): AnswerTold {
  return { ...answer, says: answer === undefined ? says : `${answer.says} ${says}` };
}

type RouteCall = Parameters<Route["run"]>[0];

async function runOnce(call: RouteCall, given: string, run: Route["run"]): Promise<Answer> {
  const key = noteKey(call, given);
  const body = await call.bytes();
  const request = digestOf([call.request.method, call.request.url, call.header("if-match")], body);
  const { notes } = await call.api.store();
  const known = await notes.add(key, noteOf({ request }), RUNNING_SECONDS);
  if (known !== undefined) return answerAgain(JSON.parse(known), request);
  const { maxBytes } = call.api.settings;
  const again: RouteCall = { ...call, bytes: async () => body, json: () => jsonIn(body, maxBytes) };
  // However long it takes, it is not done a second time beside the first.
  const renewal = setInterval(() => {
    notes.set(key, noteOf({ request }), RUNNING_SECONDS).catch(() => {});
  }, RUNNING_SECONDS * 500).unref();
  try {
    const answer = await answerOf(run, again).finally(() => clearInterval(renewal));
    // Once it is done, that it could not be noted is no reason to say that it was not.
    await notes.set(key, noteOf({ request, answer }), KEPT_SECONDS).catch(() => {});
    return answer;
  } catch (error) {
    await notes.drop(key).catch(() => {});
    throw error;
  }
}

/** Also what is wrong with the request. @throws what is wrong here: then the request may be sent again */
async function answerOf(run: Route["run"], call: RouteCall): Promise<Answer> {
  try {
    return await run(call);
  } catch (thrown) {
    const error = asApiError(thrown);
    if (error.status >= 500) throw thrown;
    return errorAnswer(error, "v1");
  }
}

function answerAgain({ request: known, answer }: Note, request: string): Answer {
  if (known !== request) {
    throw new ApiError(
      422,
      "KEY_REUSED",
      "This Idempotency-Key was sent with another request. Send a new key with every request that is not the same.",
    );
  }
  if (answer !== undefined) return answer;
  throw new ApiError(
    409,
    "STILL_RUNNING",
    "The request with this Idempotency-Key is still being done. Ask again in a moment.",
    { headers: { "retry-after": "1" } },
  );
}

/** Everybody has keys of their own. */
function noteKey(call: RouteCall, given: string): string {
  if (isNdjson(call)) {
    throw new ApiError(
      400,
      "KEY_UNSUPPORTED",
      "Several vCons at once are taken without Idempotency-Key: a vCon that is sent again with its UUID is stored once anyway.",
    );
  }
  const key = idempotencyKeyIn(given);
  if (key !== undefined) return `idempotency:${digestOf([call.holder.name, key])}`;
  throw new ApiError(
    400,
    "KEY_MALFORMED",
    "Idempotency-Key takes a text of at most 255 characters in quotation marks, such as a UUID.",
  );
}

function noteOf(note: Note): string {
  return JSON.stringify(note);
}
