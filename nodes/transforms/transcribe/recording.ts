/** The recording of a dialog, wherever it is: in the vCon or at a URL. */
import { buffer } from "node:stream/consumers";
import {
  bodyValue,
  type Dialog,
  decodeBase64Url,
  fetchMedia,
  type Held,
  mediatypeOf,
} from "../../../core/index.ts";
import { type Call, StepError } from "../../kit/index.ts";
import type { Audio } from "./speech.ts";

/** Bytes of a recording that is fetched: of telephone speech, uncompressed and in stereo, nearly two hours. */
const LARGEST = 200_000_000;

/** The kit's own time limit counts, which is no longer than that; the fetching's must not come first. */
const WHOLE_SECONDS = 86_400;

export interface Fetching extends Pick<Call<Record<never, never>>, "outside"> {
  /** Whether the server may be one of one's own network. */
  ownNetwork: boolean;
}

/** Undefined where the dialog has none, as after a redaction. */
export async function recordingOf(dialog: Held<Dialog>, fetching: Fetching): Promise<Audio | undefined> {
  const { url, filename = "" } = dialog;
  const body = await bodyValue(dialog);
  if (typeof body === "string" && body !== "") {
    return { bytes: decoded(body), mediatype: mediatypeOf(dialog) ?? "application/octet-stream", filename };
  }
  return url === undefined ? undefined : { ...(await fetched(url, dialog, fetching)), filename };
}

function decoded(body: string): Buffer {
  try {
    return decodeBase64Url(body);
  } catch {
    throw new StepError("The recording in the vCon is not base64url, so there is nothing to transcribe.", {
      code: "RECORDING_CORRUPT",
    });
  }
}

/** Fetched here for every service alike: only so is it what `content_hash` says, and its URL stays here. */
function fetched(
  url: string,
  { mediatype, content_hash: contentHash }: Held<Dialog>,
  { ownNetwork, outside }: Fetching,
): Promise<Omit<Audio, "filename">> {
  return outside("The recording's server", async (signal) => {
    const media = await fetchMedia(url, {
      maxBytes: LARGEST,
      allowHttp: ownNetwork,
      allowPrivate: ownNetwork,
      timeLimits: { whole: WHOLE_SECONDS },
      signal,
      ...(mediatype === undefined ? {} : { mediatype }),
      ...(contentHash === undefined ? {} : { contentHash }),
    });
    return { bytes: await buffer(media.stream), mediatype: media.mediatype };
  });
}
