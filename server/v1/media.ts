/** The media of a dialog: streamed out, in part or as a whole, and streamed in. */
import Type, { type Static } from "typebox";
import {
  type Dialog,
  type Held,
  noDialog,
  parseUuid,
  readAgain,
  typeOf,
  type VconView,
} from "../../core/index.ts";
import { type Answer, bytes, empty } from "../answer.ts";
import type { Call } from "../call.ts";
import { ApiError } from "../errors.ts";
import { route } from "../route.ts";
import { eventBy } from "../work/events.ts";
import { handedOut } from "../work/handing-out.ts";
import { etagOf, isKnown, revisionAsked } from "../work/output.ts";
import { type Media, mediaOf } from "./media-bytes.ts";
import { attachment, filenameIn, inUtf8, isMediatype } from "./media-headers.ts";
import { partAsked } from "./media-range.ts";
import { OneVcon } from "./vcons-one.ts";

const PATH = "/v1/vcons/:uuid/dialog/:index/media";
const Place = Type.Object({
  ...OneVcon.properties,
  index: Type.Integer({ minimum: 0, description: "Of the dialog; the first is 0." }),
});
type Place = Static<typeof Place>;

const ETAG = { ETag: "Changes with every change of the vCon." };
const FILE = {
  ...ETAG,
  "Content-Disposition": "With the file name, if the dialog has one.",
  "Accept-Ranges": "bytes.",
};
const ANY_BYTES = [{ type: "*/*", schema: Type.Any() }];
const UNKNOWN_TYPE = "application/octet-stream";

export const media = [
  route({
    method: "GET",
    path: PATH,
    style: "v1",
    operation: "readMedia",
    summary: "The media of a dialog, as the file that they are.",
    more: "Those that stand in the vCon; what it has by a URL alone is to be had there.",
    access: "read",
    params: Place,
    headers: {
      Range: "One range of bytes; of several, all of the media are given.",
      "If-Range": "The range is given only of the media with this ETag.",
      "If-None-Match": "Answers 304 for the media with this ETag.",
    },
    answers: {
      200: {
        says: "All of it.",
        content: ANY_BYTES,
        headers: FILE,
      },
      206: {
        says: "The range.",
        content: ANY_BYTES,
        headers: { ...FILE, "Content-Range": "Which bytes of how many." },
      },
      304: { says: "It is what the asker has.", headers: ETAG },
      404: { says: "No such vCon, no such dialog, no media, or MEDIA_ELSEWHERE: they are not in the vCon." },
      409: { says: "The vCon is sealed." },
      416: { says: "There are no such bytes.", headers: { "Content-Range": "How many there are." } },
    },
    run: readMedia,
  }),
  route({
    method: "PUT",
    path: PATH,
    style: "v1",
    operation: "writeMedia",
    summary: "Makes the bytes of the body the media of a dialog.",
    more: "In place of those, or the URL, that it has. They are written while they come, and never held as a whole.",
    access: "write",
    params: Place,
    body: ANY_BYTES,
    headers: {
      "Content-Type": "Becomes the dialog's media type.",
      "Content-Disposition": "Its filename becomes the dialog's.",
      "If-Match": "The ETag that the media, or the vCon, has to have.",
    },
    answers: {
      204: { says: "They are stored." },
      400: { says: "PART_SENT: media are taken as a whole. ETAG_MALFORMED: If-Match is no ETag." },
      404: { says: "No such vCon, or no such dialog." },
      409: { says: "The vCon is sealed." },
      412: { says: "It has another ETag." },
      415: { says: "It is a form, or compressed for its way here." },
    },
    run: writeMedia,
  }),
];

async function readMedia(call: Call<Place>): Promise<Answer> {
  const uuid = parseUuid(call.params.uuid);
  const store = await call.api.store();
  return readAgain(async () => {
    const view = await store.read(uuid, ["sealed", "dialog"]);
    const dialog = dialogIn(view, call.params.index);
    const etag = mediaEtag(view.revision, call);
    if (isKnown(call, etag)) return empty(304, { etag });
    const media = await mediaOf(dialog);
    const part = partAsked(call, media.size, etag);
    await handedOut(call, view, [typeOf("dialog", dialog) || "dialog"]);
    const headers = { etag, ...headersOf(dialog, media) };
    if (part === undefined) {
      return bytes(200, media.stream(0, media.size), { ...headers, "content-length": String(media.size) });
    }
    const { start, end } = part;
    return bytes(206, media.stream(start, end), {
      ...headers,
      "content-length": String(end - start),
      "content-range": `bytes ${start}-${end - 1}/${media.size}`,
    });
  });
}

async function writeMedia(call: Call<Place>): Promise<Answer> {
  const uuid = parseUuid(call.params.uuid);
  const media = {
    bytes: call.stream(),
    mediatype: mediatypeSent(call),
    filename: filenameIn(call.header("content-disposition")),
  };
  const store = await call.api.store();
  await store.setMedia(uuid, call.params.index, media, {
    revision: revisionOfMedia(call),
    events: [{ ...eventBy(call, "vcon_enhanced"), added: ["dialog"] }],
  });
  // Without an ETag: read now, it may be that of another's change, which whoever sent this would undo by it.
  return empty(204);
}

function dialogIn({ uuid, dialog }: VconView, index: number): Held<Dialog> {
  const found = dialog.get(index);
  if (typeof found === "object" && found !== null) return found;
  throw noDialog(uuid, index);
}

function headersOf({ mediatype = "", filename }: Held<Dialog>, { usualType, isText }: Media) {
  const type = mediatype === "" ? usualType : isMediatype(mediatype) ? mediatype : UNKNOWN_TYPE;
  return {
    "content-type": isText ? inUtf8(type) : type,
    "content-disposition": attachment(filename),
    "x-content-type-options": "nosniff",
    "accept-ranges": "bytes",
  };
}

/** Each of a vCon's media has another. */
function mediaEtag(revision: string, { params }: Call<Place>): string {
  return etagOf(revision + suffixOf(params));
}

/** An ETag of the vCon itself says as much as one of its media. */
function revisionOfMedia(call: Call<Place>): string | undefined {
  const asked = revisionAsked(call);
  const suffix = suffixOf(call.params);
  return asked?.endsWith(suffix) ? asked.slice(0, -suffix.length) : asked;
}

function suffixOf({ index }: Place): string {
  return `.${index}`;
}

/** @throws ApiError 400, 415 for what would not be the file that is meant */
function mediatypeSent({ header }: Call): string {
  if (header("content-range") !== undefined) {
    throw new ApiError(
      400,
      "PART_SENT",
      "Media are taken as a whole: send all bytes, without Content-Range.",
    );
  }
  if (!["identity", undefined].includes(header("content-encoding")?.toLowerCase())) {
    throw new ApiError(
      415,
      "MEDIA_COMPRESSED",
      "Media are taken as they are: send them without Content-Encoding.",
    );
  }
  const type = header("content-type") ?? UNKNOWN_TYPE;
  if (/^(?:multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(type)) {
    throw new ApiError(
      415,
      "FORM_SENT",
      "Send the bytes of the file as the body, with its own Content-Type; not a form.",
    );
  }
  if (isMediatype(type)) return type;
  throw new ApiError(
    415,
    "MEDIA_TYPE_MALFORMED",
    "Content-Type is no media type: send one such as audio/wav.",
  );
}
