/** What those who watch over the process ask: whether it can work, and what it has done. */
import Type from "typebox";
import { json } from "../answer.ts";
import { route } from "../route.ts";
import { countedText } from "./counts.ts";
import { gaugesText } from "./gauges.ts";
import { stateOf } from "./state.ts";

const TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

const Answers = Type.Union([Type.Literal("ok"), Type.Literal("away")]);
const Readiness = Type.Object({
  status: Type.Union([Type.Literal("ready"), Type.Literal("not ready")]),
  store: Answers,
  queues: Answers,
});

export const metrics = [
  route({
    method: "GET",
    path: "/ready",
    style: "v1",
    operation: "ready",
    summary: "Whether the store and the queues of the running flows answer within a second.",
    access: "read",
    answers: {
      200: { says: "Both answer.", content: [{ schema: Readiness }] },
      503: { says: "What is away does not answer.", content: [{ schema: Readiness }] },
    },
    run: async ({ api }) => {
      const { isUp, depths } = await stateOf(api);
      const isReady = isUp && depths !== undefined;
      return json(isReady ? 200 : 503, {
        status: isReady ? "ready" : "not ready",
        store: isUp ? "ok" : "away",
        // They lie where the store does.
        queues: isReady ? "ok" : "away",
      });
    },
  }),
  route({
    method: "GET",
    path: "/metrics",
    style: "v1",
    operation: "metrics",
    summary: "What this process has done, and how the store and the queues are, for Prometheus.",
    more: "Nothing in it names a vCon or a person.",
    access: "read",
    answers: {
      200: { says: "The metrics.", content: [{ type: TEXT_FORMAT, schema: Type.String() }] },
    },
    run: async ({ api }) => {
      const gauges = await gaugesText(await stateOf(api));
      return {
        status: 200,
        headers: { "content-type": TEXT_FORMAT },
        body: `${gauges}\n${await countedText()}`,
      };
    },
  }),
];
