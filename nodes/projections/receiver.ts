/** Tells whether the address that a vCon was sent to is the one that a node has now. */
import { createHash } from "node:crypto";
import type { Handle } from "../../core/index.ts";
import { StepError } from "../kit/index.ts";

/** For the handle: tells one address from another, and not what it is, for its path may be a secret. */
export function fingerprint({ href }: URL): string {
  return createHash("sha256").update(href).digest("hex").slice(0, 16);
}

/** @throws StepError where the copy is at another address than the node has now */
export function checkReceiver(url: URL, { receiver }: Handle): void {
  if (receiver === fingerprint(url)) return;
  throw new StepError(
    `The vCon was sent to another address than "URL" has now, so this one can't erase it. Set the URL as it was.`,
    { code: "OTHER_ADDRESS" },
  );
}
