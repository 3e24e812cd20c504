/** New vCons made of others: copies, amended and redacted versions. */
export { amendVcon, copyVcon } from "./copy.ts";
export type { InstanceOptions } from "./instance.ts";
export { type PartyDetail, type Redaction, type RedactOptions, redactVcon } from "./redact.ts";
