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
export * from "./derive/index.ts";
export * from "./extensions/index.ts";
export { fetchCertificates } from "./fetch/fetch-certificates.ts";
export {
  type FetchedMedia,
  type FetchOptions,
  fetchMedia,
  type MediaOptions,
  type TimeLimits,
} from "./fetch/fetch-media.ts";
export { type Form, formOf } from "./form.ts";
export {
  checkContentHash,
  contentHash,
  contentHashOfStream,
  decodeBase64Url,
  decodeBase64UrlStream,
  encodeBase64Url,
  encodeBase64UrlStream,
  type HashAlgorithm,
  knownContentHashes,
  mediatypeOf,
} from "./media.ts";
export type { Change } from "./normalise.ts";
export type { Syntax } from "./older.ts";
export { outerUuid } from "./outer-uuid.ts";
export {
  displayName,
  findPartyIndex,
  findPartyIndices,
  normaliseMailto,
  normaliseTel,
  type PartyKeyKind,
  partyIndexKeys,
  partyOfRole,
  waysToWriteTel,
} from "./parties.ts";
export { payloadOf } from "./payload.ts";
export {
  PROJECTION_TYPE,
  type Projection,
  projectionAnalysis,
  projectionsNamed,
  type Row,
  rowIn,
} from "./projection.ts";
export { type ReadOptions, type ReadVcon, readVcon } from "./read.ts";
export * from "./security/index.ts";
export {
  addTag,
  formatTag,
  getTag,
  isTags,
  parseTag,
  type Tag,
  tagsAttachment,
  tagsIn,
  tagTexts,
} from "./tags.ts";
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
export { extensionsUsed } from "./validate/extensions.ts";
export { type Finding, findingsFrom, type Level, validateVcon, worstLevel } from "./validate/index.ts";
export { wordFinder } from "./words.ts";
export { SYNTAX, writeVcon, writeVconInPieces } from "./write.ts";
