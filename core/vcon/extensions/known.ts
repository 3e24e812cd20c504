/** The extensions that this package knows, by their names in `extensions`. */
import { AGENT_SESSION_EXTENSION } from "./agent-session.ts";
import { CC_EXTENSION } from "./contact-center.ts";
import { LAWFUL_BASIS_EXTENSION } from "./lawful-basis.ts";
import { SIP_SIGNALING_EXTENSION } from "./sip-signaling.ts";
import { WTF_EXTENSION } from "./wtf.ts";

export const KNOWN_EXTENSIONS: readonly string[] = [
  AGENT_SESSION_EXTENSION,
  CC_EXTENSION,
  LAWFUL_BASIS_EXTENSION,
  SIP_SIGNALING_EXTENSION,
  WTF_EXTENSION,
];
