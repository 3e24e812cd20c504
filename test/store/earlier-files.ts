/** The tables of the SQLite store as earlier versions made them. */

export const VERSION_1 = `
CREATE TABLE vcon (
  id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, form TEXT NOT NULL, head TEXT NOT NULL, parties TEXT,
  extensions TEXT, created_at INTEGER NOT NULL, updated_at TEXT
);
CREATE INDEX vcon_created_at ON vcon (created_at);
CREATE TABLE element (
  vcon INTEGER NOT NULL REFERENCES vcon ON DELETE CASCADE, section TEXT NOT NULL, position INTEGER NOT NULL,
  type TEXT NOT NULL, json TEXT NOT NULL, body INTEGER REFERENCES body, PRIMARY KEY (vcon, section, position)
) WITHOUT ROWID;
CREATE INDEX element_body ON element (body) WHERE body IS NOT NULL;
CREATE TABLE body (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, size INTEGER NOT NULL, staged INTEGER
);
CREATE INDEX body_staged ON body (staged) WHERE staged IS NOT NULL;
CREATE TABLE chunk (
  body INTEGER NOT NULL REFERENCES body ON DELETE CASCADE, position INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (body, position)
);
CREATE TABLE party (
  kind TEXT NOT NULL, value TEXT NOT NULL, vcon INTEGER NOT NULL REFERENCES vcon ON DELETE CASCADE,
  PRIMARY KEY (kind, value, vcon)
) WITHOUT ROWID;
CREATE INDEX party_vcon ON party (vcon);
CREATE TABLE source (name TEXT PRIMARY KEY, uuid TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX source_uuid ON source (uuid);
CREATE TABLE trail (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL, event TEXT NOT NULL);
CREATE INDEX trail_uuid ON trail (uuid);
PRAGMA user_version = 1;
`;

/** Vcons have a revision since then. */
export const VERSION_2 = `
${VERSION_1}
ALTER TABLE vcon ADD COLUMN revision TEXT;
PRAGMA user_version = 2;
`;

/** There are queues since then. */
export const VERSION_3 = `
${VERSION_2}
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, key BLOB, uuid TEXT NOT NULL, state TEXT NOT NULL,
  priority INTEGER NOT NULL, due INTEGER, added_at INTEGER NOT NULL, begun_at INTEGER, worker INTEGER,
  failures INTEGER NOT NULL DEFAULT 0, breaks INTEGER NOT NULL DEFAULT 0, resume TEXT
);
CREATE UNIQUE INDEX job_key ON job (queue, key) WHERE key IS NOT NULL;
CREATE INDEX job_waiting ON job (queue, priority) WHERE state = 'waiting';
CREATE INDEX job_delayed ON job (queue, due) WHERE state = 'delayed';
CREATE INDEX job_active ON job (worker, queue) WHERE state = 'active';
CREATE TABLE worker (id INTEGER PRIMARY KEY, until INTEGER NOT NULL);
CREATE TABLE letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT, job INTEGER NOT NULL UNIQUE REFERENCES job ON DELETE CASCADE,
  queue TEXT NOT NULL, reason TEXT NOT NULL, code TEXT, node TEXT, message TEXT, failed_at INTEGER NOT NULL
);
CREATE INDEX letter_queue ON letter (queue);
CREATE TABLE reader (
  queue TEXT NOT NULL, name TEXT NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (queue, name)
) WITHOUT ROWID;
PRAGMA user_version = 3;
`;
