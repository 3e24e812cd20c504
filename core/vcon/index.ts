/** The vCon document: reading, writing, building it, and the questions asked of it. */
export {
  addAnalysis,
  addAttachment,
  addDialog,
  addExtension,
  addParty,
  buildNew,
} from "./build.ts";
export { readDate } from "./dates.ts";
export { type Form, formOf, outerUuid } from "./form.ts";
export {
  contentHash,
  contentHashOfStream,
  decodeBase64Url,
  decodeBase64UrlStream,
  encodeBase64Url,
  mediatypeOf,
} from "./media.ts";
export type { Change } from "./normalise.ts";
export {
  displayName,
  findPartyIndex,
  normaliseMailto,
  normaliseTel,
  PARTY_KEY_KINDS,
  type PartyKeyKind,
  partyIndexKeys,
  partyOfRole,
  waysToWriteTel,
} from "./parties.ts";
export {
  PROJECTION_TYPE,
  type Projection,
  projectionAnalysis,
  projectionsNamed,
  type Row,
  rowIn,
} from "./projection.ts";
export { type ReadVcon, readVcon } from "./read.ts";
export { formatTag, isTags, parseTag, type Tag, tagsAttachment, tagTexts } from "./tags.ts";
export { dialogText } from "./text.ts";
export {
  isTranscript,
  TRANSCRIPT_PARTS,
  TRANSCRIPT_TYPES,
  type Turn,
  transcriptText,
  transcriptTurns,
} from "./transcript.ts";
export type * from "./types.ts";
export { findUuid, newUuid, parseUuid, uuid8 } from "./uuid.ts";
export { SYNTAX, writeVcon } from "./write.ts";
export * from "./wtf.ts";
