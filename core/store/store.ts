/** The one contract that every home of vCons keeps. */
import type { Delivery } from "../delivery/delivery.ts";
import type { TrailEvent } from "../trail/event.ts";
import type { Tag } from "../vcon/tags.ts";
import type { Analysis, Attachment, EncryptedVcon, SignedVcon, Vcon } from "../vcon/types.ts";
import type { Notes } from "./notes.ts";
import type { Part, VconView } from "./view.ts";

export type AnyVcon = Vcon | SignedVcon | EncryptedVcon;

/** What a step adds to a vCon. Nothing that is there is changed or moved. */
export interface Addition {
  /**
   * Analyses, each with its identity: type, vendor, product, dialog and schema. One whose identity the vCon already
   * has more often than `seen` is left out, so that a step that is run again adds nothing.
   */
  analysis?: Analysis[];
  /** How many analyses of the same identity the step knew of and means to add to; 0 if not given. */
  seen?: number;
  attachments?: Attachment[];
  /** Tags; those that the vCon has are left out. */
  tags?: Tag[];
  /** Names of the extensions that the additions use; added to the vCon's list where they are missing. */
  extensions?: string[];
  /** Add only to the vCon that the view with this revision shows, one that was read with "sealed". */
  revision?: string;
}

/** Which vCons to list: by creation time, newest first. */
export interface ListOptions {
  /** RFC 3339, inclusive. */
  since?: string;
  /** RFC 3339, inclusive. */
  until?: string;
  /** At most this many; 100 if not given. */
  limit?: number;
  /** Leave out so many of the newest. */
  offset?: number;
}

/** Where a vCon stands by creation time. */
export interface Entry {
  uuid: string;
  /** Milliseconds since 1970. */
  createdAt: number;
}

export interface PageOptions extends Pick<ListOptions, "since" | "until" | "limit"> {
  /** Begin behind this one: the last of the page before, whether it is still there or not. */
  after?: Entry;
  /** Only vCons that `find` would find; all if not given. */
  party?: PartyQuery;
}

/** Bytes that are to become a dialog's body, and what they are. */
export interface IncomingMedia {
  /** As they are, not encoded. Read once, as they are needed. */
  bytes: AsyncIterable<Uint8Array>;
  mediatype: string;
  /** The dialog keeps its own if not given. */
  filename?: string | undefined;
}

/** A person to look for. Numbers are compared as E.164, addresses in lower case, names as written. */
export type PartyQuery = Partial<Record<"tel" | "mailto" | "name" | "sip" | "did", string>>;

/**
 * Where vCons live. What a call costs depends on what it reads and writes, never on how much media the vCon
 * holds. Every method may throw {@link VconError} `STORE_UNAVAILABLE` (transient).
 */
export interface VconStore {
  /**
   * Stores a new vCon and its event.
   * @returns false, with nothing written, if a vCon with this UUID is there already
   * @throws VconError `VCON_MALFORMED` for a vCon that tells no UUID or more than one (see `outerUuid`), whose arrays
   *   are no arrays, or which holds what this home can't keep: Redis as JSON takes no half of a surrogate pair, and at
   *   most 128 levels of nesting; `VCON_TOO_LARGE` for a signed one whose payload unpacks to too much
   */
  create(vcon: AnyVcon, event?: TrailEvent): Promise<boolean>;

  /**
   * The parts asked for, and only those; all as they are at one moment. A large body that is fetched later is the one
   * of that moment, or an error: `VCON_NOT_FOUND` if the vCon was deleted, `VCON_CHANGED` (transient) if it was replaced.
   * @throws VconError `VCON_NOT_FOUND`; `VCON_SEALED` for a signed or encrypted one, unless "sealed" is among the parts
   */
  read(uuid: string, parts: readonly Part[]): Promise<VconView>;

  /** The whole vCon in memory, media and all. @throws VconError `VCON_NOT_FOUND` */
  get(uuid: string): Promise<AnyVcon>;

  /**
   * Adds to a vCon, with the step's events in the same write. Two additions at the same moment both succeed.
   * An event `vcon_enhanced` is kept only if something was added, every other event always.
   * @returns false if everything was there already
   * @throws VconError `VCON_NOT_FOUND`, `VCON_MALFORMED` as in create, or `VCON_SEALED` for a signed or encrypted one
   *   that is to be added to: that it was sent can be told of any; `VCON_CHANGED` if it has another revision than the
   *   addition names
   */
  append(uuid: string, addition: Addition, events?: readonly TrailEvent[]): Promise<boolean>;

  /**
   * Puts another form of the same vCon in its place, such as the signed one, with the step's events in the same write.
   * What was there goes, large bodies included; the trail and the place by creation time stay. It is still found by the
   * parties of the former document, and by those of the new one if that is unsigned.
   * @param revision of a view that was read with "sealed"
   * @returns false, with nothing written, if the vCon was changed since then: read it again
   * @throws VconError `VCON_NOT_FOUND`, or `VCON_MALFORMED` as in create and for a document with another UUID
   */
  replace(uuid: string, revision: string, vcon: AnyVcon, events?: readonly TrailEvent[]): Promise<boolean>;

  /**
   * Makes the bytes the body of a dialog, in base64url, in place of the body or address that it had. They are written as
   * they come, never held as a whole; until the last one nothing of it is seen, and if reading them fails nothing is.
   * @param dialog its index
   * @param options.revision as in {@link Addition}
   * @throws VconError `VCON_NOT_FOUND`, `VCON_SEALED`, `VCON_CHANGED`; `PART_NOT_FOUND` if there is no such dialog;
   *   `VCON_TOO_LARGE` for more than 383 MB; and whatever reading the bytes throws
   */
  setMedia(
    uuid: string,
    dialog: number,
    media: IncomingMedia,
    options?: { revision?: string | undefined; events?: readonly TrailEvent[] },
  ): Promise<void>;

  /**
   * Removes the vCon and all that was indexed of it; its trail stays.
   * @param revision remove only the vCon that the view with this revision shows
   * @returns false if it was not there
   * @throws VconError `VCON_CHANGED` if it has another revision
   */
  delete(uuid: string, event?: TrailEvent, revision?: string): Promise<boolean>;

  /**
   * The UUID under which the conversation that `source` names is or will be stored: the same for every call
   * with that name, so that an event that arrives twice makes one vCon.
   */
  uuidFor(source: string): Promise<string>;

  /** Those that are there: one that others have deleted, or that has expired, is no longer listed. */
  list(options?: ListOptions): Promise<string[]>;

  /**
   * Likewise with what it takes to go on from there: newest first, those of the same moment by UUID, the greatest first.
   * What is created meanwhile moves no page.
   */
  page(options?: PageOptions): Promise<Entry[]>;

  /**
   * The UUIDs of vCons that have one party that fits every given member; none for an empty query. A sealed vCon and the
   * former parties of a replaced one are known only by one member at a time: they are found even where these may be of
   * two parties.
   */
  find(party: PartyQuery): Promise<string[]>;

  /**
   * Enters every vCon anew by its creation time and its parties, as far as these can be read: also those that others
   * have put here, and by another country than before. One that can't be read is passed over.
   * @returns how many were entered
   */
  reindex(): Promise<number>;

  /** Writes events into a vCon's trail, also after it was deleted: what became of its copies is still to be told. */
  record(uuid: string, events: readonly TrailEvent[]): Promise<void>;

  /** The events of a vCon, oldest first; also after it was deleted. */
  trail(uuid: string): Promise<TrailEvent[]>;

  /**
   * Keeps a vCon that would expire until every holder has released it.
   * @param holder any text that names who waits for it; the same one holds once, however often it is called
   * @returns whether it has to be released, since it would have expired
   * @throws VconError `VCON_NOT_FOUND`
   */
  hold(uuid: string, holder: string): Promise<boolean>;

  /**
   * Ends a hold. After the last one, the vCon expires as long from now as it had left when it was held first. Nothing
   * happens where there is no such hold, or no such vCon any more.
   */
  release(uuid: string, holder: string): Promise<void>;

  /** Small texts that are kept for a while and belong to no vCon. */
  readonly notes: Notes;

  /** How UUIDs travel between flows, kept where the vCons are: opened at the first call, closed with the store. */
  delivery(): Promise<Delivery>;

  /** Answers once the store has answered. */
  ping(): Promise<void>;

  /** Whoever consumes or listens by its delivery must have been stopped. */
  close(): Promise<void>;
}
