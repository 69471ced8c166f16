-- Facts, what was made of them, and how far each repository has been read. Times are Unix seconds, UTC.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Metric names, label sets and definition hashes occur millions of times: each is stored once.
CREATE TABLE word (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);

CREATE TABLE repository (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  key TEXT NOT NULL,              -- the forge's lasting id
  name TEXT NOT NULL,             -- owner/name as spelled today
  state TEXT NOT NULL,            -- loading, ok, failing, gone
  reason TEXT NOT NULL DEFAULT '',
  loaded_from INTEGER,            -- the first load began here (newest) ...
  loaded_to INTEGER,              -- ... and has read back to here
  cursor INTEGER,                 -- polls have read everything up to here
  watermark INTEGER,              -- facts dated up to here are complete
  settled INTEGER,                -- the ledger holds all observations dated up to here
  complete INTEGER,               -- first load read and settled
  joined INTEGER NOT NULL DEFAULT 0,  -- shared sums take only observations dated after this
  last_success INTEGER,
  UNIQUE (source, key)
);

CREATE TABLE subject (
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repository (id),
  key TEXT NOT NULL,
  number INTEGER NOT NULL,
  open INTEGER NOT NULL DEFAULT 1,
  due INTEGER,                    -- look at it again once the watermark has passed this; 0: at once
  unread_files INTEGER,           -- merged then, files not read yet
  UNIQUE (repository, key)
);
CREATE INDEX subject_due ON subject (repository, due) WHERE due IS NOT NULL;
CREATE INDEX subject_open ON subject (repository) WHERE open = 1;
CREATE INDEX subject_unread_files ON subject (repository, unread_files) WHERE unread_files IS NOT NULL;

CREATE TABLE event (
  subject INTEGER NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (subject, id)
) WITHOUT ROWID;

CREATE TABLE ledger (
  subject INTEGER NOT NULL,
  metric INTEGER NOT NULL,
  cause TEXT NOT NULL,
  part TEXT NOT NULL,
  at INTEGER NOT NULL,
  repository INTEGER NOT NULL,
  labels INTEGER NOT NULL,
  value INTEGER NOT NULL,
  definition INTEGER NOT NULL,
  PRIMARY KEY (subject, metric, cause, part)
) WITHOUT ROWID;

-- Since when a measure has been read with this definition.
CREATE TABLE definition (
  measure TEXT NOT NULL,
  hash TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (measure, hash)
) WITHOUT ROWID;

-- Label combinations shown at an old value (0 for a new one) until scrapes have seen it; place: a repository,
-- 0 for the organisation, -1 for the fold.
CREATE TABLE birth (
  metric TEXT NOT NULL,
  place INTEGER NOT NULL,
  labels TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (metric, place, labels)
) WITHOUT ROWID;

-- Combinations that a full budget folded into repository="other", for good.
CREATE TABLE fold (
  metric TEXT NOT NULL,
  repository INTEGER NOT NULL,
  labels TEXT NOT NULL,
  PRIMARY KEY (metric, repository, labels)
) WITHOUT ROWID;
