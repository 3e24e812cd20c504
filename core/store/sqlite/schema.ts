/** The tables of the SQLite store. */

/** Kept in the file's `user_version`. */
export const SCHEMA_VERSION = 4;

/**
 * The queues, since version 3. Every job is in one of the indexes by its state, so that what a claim costs depends
 * neither on how many wait nor on how many are dead. A job belongs to the `worker` that took it, a process, for as long
 * as that one keeps its lease. A `letter` is why a job is dead; letters are numbered in the order in which they came,
 * and a `reader` remembers up to which one it was told of them.
 */
const QUEUES = `
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  key BLOB,
  uuid TEXT NOT NULL,
  state TEXT NOT NULL,
  priority INTEGER NOT NULL,
  due INTEGER,
  added_at INTEGER NOT NULL,
  begun_at INTEGER,
  worker INTEGER,
  failures INTEGER NOT NULL DEFAULT 0,
  breaks INTEGER NOT NULL DEFAULT 0,
  resume TEXT
);
CREATE UNIQUE INDEX job_key ON job (queue, key) WHERE key IS NOT NULL;
CREATE INDEX job_waiting ON job (queue, priority) WHERE state = 'waiting';
CREATE INDEX job_delayed ON job (queue, due) WHERE state = 'delayed';
CREATE INDEX job_active ON job (worker, queue) WHERE state = 'active';
CREATE TABLE worker (
  id INTEGER PRIMARY KEY,
  until INTEGER NOT NULL
);
CREATE TABLE letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  job INTEGER NOT NULL UNIQUE REFERENCES job ON DELETE CASCADE,
  queue TEXT NOT NULL,
  reason TEXT NOT NULL,
  code TEXT,
  node TEXT,
  message TEXT,
  failed_at INTEGER NOT NULL
);
CREATE INDEX letter_queue ON letter (queue);
CREATE TABLE reader (
  queue TEXT NOT NULL,
  name TEXT NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (queue, name)
) WITHOUT ROWID;
`;

/**
 * What the parties of vCons are found by, since version 4 in the order of pages: a page of one party's vCons is read in
 * one go, however many that party has, and however many of them are of the same moment.
 */
const PARTIES = `
CREATE TABLE party (
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  uuid TEXT NOT NULL,
  vcon INTEGER NOT NULL REFERENCES vcon ON DELETE CASCADE,
  PRIMARY KEY (kind, value, created_at, uuid)
) WITHOUT ROWID;
`;

const INDEXES = `
CREATE INDEX vcon_created_at ON vcon (created_at, uuid);
CREATE INDEX party_vcon ON party (vcon);
`;

/** Since version 4; `until` is in milliseconds since 1970. */
const NOTES = `
CREATE TABLE note (
  key TEXT NOT NULL UNIQUE,
  text TEXT NOT NULL,
  until INTEGER NOT NULL
);
CREATE INDEX note_until ON note (until);
`;

/**
 * Bodies above {@link LARGE_BODY_BYTES} lie in chunk rows of their own, so that reading and adding to a vCon
 * never touches them. A body is listed as `staged` until the element that names it is committed: what a crash
 * leaves behind is found there. A trail has no foreign key because it outlives its vCon. A vCon has no revision before
 * its first change since version 2.
 */
const SCHEMA = `
CREATE TABLE vcon (
  id INTEGER PRIMARY KEY,
  uuid TEXT NOT NULL UNIQUE,
  form TEXT NOT NULL,
  head TEXT NOT NULL,
  parties TEXT,
  extensions TEXT,
  created_at INTEGER NOT NULL,
  updated_at TEXT,
  revision TEXT
);
CREATE TABLE element (
  vcon INTEGER NOT NULL REFERENCES vcon ON DELETE CASCADE,
  section TEXT NOT NULL,
  position INTEGER NOT NULL,
  type TEXT NOT NULL,
  json TEXT NOT NULL,
  body INTEGER REFERENCES body,
  PRIMARY KEY (vcon, section, position)
) WITHOUT ROWID;
CREATE INDEX element_body ON element (body) WHERE body IS NOT NULL;
CREATE TABLE body (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  size INTEGER NOT NULL,
  staged INTEGER
);
CREATE INDEX body_staged ON body (staged) WHERE staged IS NOT NULL;
CREATE TABLE chunk (
  body INTEGER NOT NULL REFERENCES body ON DELETE CASCADE,
  position INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (body, position)
);
CREATE TABLE source (
  name TEXT PRIMARY KEY,
  uuid TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX source_uuid ON source (uuid);
CREATE TABLE trail (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL,
  event TEXT NOT NULL
);
CREATE INDEX trail_uuid ON trail (uuid);
${PARTIES}${INDEXES}${NOTES}${QUEUES}`;

/** The indexes come last: entering a million vCons one by one would take three times as long. */
const PARTIES_IN_ORDER = `
ALTER TABLE party RENAME TO unordered;
${PARTIES}
INSERT INTO party SELECT kind, value, created_at, uuid, id FROM unordered JOIN vcon ON id = vcon;
DROP TABLE unordered;
DROP INDEX vcon_created_at;
${INDEXES}`;

/** What brings a file of each earlier version to the next one. */
const MIGRATIONS: Record<number, string> = {
  1: "ALTER TABLE vcon ADD COLUMN revision TEXT;",
  2: QUEUES,
  3: PARTIES_IN_ORDER + NOTES,
};

/** The SQL that gives a file of this version the tables of {@link SCHEMA_VERSION}; undefined for an unknown version. */
export function upgradeFrom(version: number): string | undefined {
  if (version === SCHEMA_VERSION) return "";
  if (version === 0) return SCHEMA;
  const migration = MIGRATIONS[version];
  return migration === undefined ? undefined : migration + upgradeFrom(version + 1);
}
