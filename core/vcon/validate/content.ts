/** What Dialog, Attachment and Analysis share: content inline or by reference (core-04 sections 2.3 and 2.4). */
import { isEmpty } from "../json.ts";
import { isCanonicalBase64Url } from "../media.ts";
import type { JsonObject } from "../types.ts";
import {
  type Around,
  anything,
  core,
  type Fault,
  fault,
  type Members,
  oneOrMany,
  REQUIRED,
  type Rule,
  text,
} from "./check.ts";
import { choice, contentHash, httpsUrl, mediatype } from "./values.ts";

/** What an element's own definition says of its content. */
interface Definition {
  /** The sections that define mediatype, filename and content. */
  sections: { mediatype: string; filename: string; content: string };
  /** What is wrong where inline content names no media type. */
  withoutMediatype: (members: JsonObject) => Fault | undefined;
}

export const DIALOG_CONTENT: Definition = {
  sections: { mediatype: "4.3.8", filename: "4.3.9", content: "4.3.10" },
  withoutMediatype: () => REQUIRED,
};

export const ATTACHMENT_CONTENT: Definition = {
  sections: { mediatype: "4.4.5", filename: "4.4.6", content: "4.4.7" },
  withoutMediatype: () => REQUIRED,
};

export const ANALYSIS_CONTENT: Definition = {
  sections: { mediatype: "4.5.4", filename: "4.5.5", content: "4.5.9" },
  withoutMediatype: ({ schema }) => (schema === undefined ? FORMAT_UNKNOWN : undefined),
};

const FORMAT_UNKNOWN = fault(
  "warning",
  "recommended",
  "The media type should be here or, where there is none for the format, `schema`.",
);

/** A URL and the hash of what it leads to; `sections` are those of the object that holds them. */
export function reference(section: string): Members {
  return { url: core.may(section, httpsUrl), content_hash: core.may("2.2", oneOrMany(contentHash)) };
}

export function contentMembers({ sections }: Definition): Members {
  return {
    body: core.may("2.3.1", anything),
    encoding: core.may("2.3.2", choice("base64url", "json", "none")),
    ...reference("2.4.1"),
    mediatype: core.may(sections.mediatype, mediatype),
    filename: core.may(sections.filename, text),
  };
}

/** A URL comes with the hash of what it leads to. */
export function* hashedUrl({ url, content_hash }: JsonObject): Iterable<Fault> {
  if (url !== undefined && (content_hash === undefined || isEmpty(content_hash))) {
    yield core.required("2.4", "content_hash");
  }
}

/** Inline content says what it is, and is what it says. */
export function inlineContent({ sections, withoutMediatype }: Definition): Rule {
  return function* (members) {
    const { body, encoding, url } = members;
    if (body === undefined || body === "") return;
    if (encoding === undefined) yield core.required("2.3.2", "encoding");
    if (members.mediatype === undefined) {
      const wrong = withoutMediatype(members);
      if (wrong) yield { ...wrong, section: `core-04 ${sections.mediatype}`, at: "/mediatype" };
    }
    if (url !== undefined) yield core.fault(sections.content, ...BODY_AND_URL);
    yield* encodedBody(body, encoding);
  };
}

const BODY_AND_URL = [
  "warning",
  "bodyAndUrl",
  "Content belongs either here, in `body`, or behind `url`, but not in both.",
  "/url",
] as const;

function* encodedBody(body: unknown, encoding: unknown): Iterable<Fault> {
  const isText = typeof body === "string";
  if (encoding === "json" && isText && looksLikeStructure(body)) {
    yield core.fault(
      "2.3.2",
      "info",
      "jsonText",
      "It looks like JSON in a text; since core-03 `body` holds the value itself.",
      "/body",
    );
  } else if ((encoding === "none" || encoding === "base64url") && !isText) {
    yield core.fault("2.3.2", "error", "encodedBody", "A text belongs here by this encoding.", "/body");
  } else if (encoding === "base64url" && !isCanonicalBase64Url(body as string)) {
    yield core.fault(
      "2.3.2",
      "error",
      "base64url",
      "Base64url without padding belongs here by this encoding.",
      "/body",
    );
  }
}

/** Told from the ends alone, because the text may be large. */
function looksLikeStructure(body: string): boolean {
  const ends = `${body.slice(0, 20).trimStart().slice(0, 1)}${body.slice(-20).trimEnd().slice(-1)}`;
  return ends === "{}" || ends === "[]";
}

/** There is content, unless it was redacted. */
export function someContent({ sections }: Definition): Rule {
  return function* ({ body, url }, { isRedacted }: Around) {
    if (isRedacted || body !== undefined || url !== undefined) return;
    yield core.fault(sections.content, "warning", "noContent", "Content should be here, as `body` or `url`.");
  };
}
