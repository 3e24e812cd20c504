/**
 * The demo's language service: a process that speaks OpenAI's wire format and repeats what says most.
 * It listens on 127.0.0.1 at PORT_LANGUAGE (0 or unset: any free port), prints its base URL, and ends with SIGTERM
 * or with the process that started it.
 */

import { startOpenAiChatStandIn } from "./openai-chat.ts";
import { serveUntilParentEnds } from "./process.ts";

const service = await startOpenAiChatStandIn({ port: Number(process.env.PORT_LANGUAGE ?? 0) });
serveUntilParentEnds(service);
console.log(`Language service at ${service.url}/v1`);
