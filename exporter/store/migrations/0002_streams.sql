-- Several streams of a repository, each with a watermark of its own; several kinds of things that facts are about.

ALTER TABLE repository RENAME TO repository_before;
ALTER TABLE subject RENAME TO subject_before;
DROP INDEX subject_due;
DROP INDEX subject_open;
DROP INDEX subject_unread_files;

CREATE TABLE repository (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  key TEXT NOT NULL,              -- the forge's lasting id
  name TEXT NOT NULL,             -- owner/name as spelled today
  default_branch TEXT NOT NULL DEFAULT '',
  UNIQUE (source, key)
);
INSERT INTO repository (id, source, key, name) SELECT id, source, key, name FROM repository_before;

-- How far a stream of a repository has been read.
CREATE TABLE reading (
  repository INTEGER NOT NULL REFERENCES repository (id),
  stream TEXT NOT NULL,
  state TEXT NOT NULL,            -- loading, ok, failing, gone
  reason TEXT NOT NULL DEFAULT '',
  loaded_from INTEGER,            -- the first load began here (newest) ...
  loaded_to INTEGER,              -- ... and has read back to here
  cursor INTEGER,                 -- polls have read everything up to here
  watermark INTEGER,              -- facts dated up to here are complete
  settled INTEGER,                -- the ledger holds all observations dated up to here
  complete INTEGER,               -- first load read and settled
  last_success INTEGER,
  PRIMARY KEY (repository, stream)
) WITHOUT ROWID;
INSERT INTO reading
  SELECT id, 'changes', state, reason, loaded_from, loaded_to, cursor, watermark, settled, complete, last_success
  FROM repository_before;

-- Measures whose observations of a repository are whole; joined: shared sums take only what is dated after this.
CREATE TABLE whole (
  repository INTEGER NOT NULL,
  measure TEXT NOT NULL,
  joined INTEGER NOT NULL,
  PRIMARY KEY (repository, measure)
) WITHOUT ROWID;
INSERT INTO whole
  SELECT id, measure, joined FROM repository_before, (SELECT DISTINCT measure FROM definition)
  WHERE complete IS NOT NULL;
INSERT INTO meta SELECT DISTINCT 'published:' || measure, '1' FROM definition
  WHERE EXISTS (SELECT 1 FROM meta WHERE name = 'organisation_published');
DELETE FROM meta WHERE name = 'organisation_published';

CREATE TABLE subject (
  id INTEGER PRIMARY KEY,
  repository INTEGER NOT NULL REFERENCES repository (id),
  thing TEXT NOT NULL,            -- change, run, line, deployment, issue
  key TEXT NOT NULL,
  number INTEGER NOT NULL,
  open INTEGER NOT NULL DEFAULT 1,
  unread_files INTEGER,           -- merged then, files not read yet
  UNIQUE (repository, thing, key)
);
INSERT INTO subject SELECT id, repository, 'change', key, number, open, unread_files FROM subject_before;
CREATE INDEX subject_open ON subject (repository, thing) WHERE open = 1;
CREATE INDEX subject_unread_files ON subject (repository, unread_files) WHERE unread_files IS NOT NULL;

-- Look at a subject again once the watermarks of the streams in gate have passed at; 0: at once.
CREATE TABLE due (
  subject INTEGER NOT NULL,
  gate TEXT NOT NULL,
  repository INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (subject, gate)
) WITHOUT ROWID;
INSERT INTO due SELECT id, 'changes', repository, due FROM subject_before WHERE due IS NOT NULL;
CREATE INDEX due_next ON due (repository, gate, at);

-- What ties subjects together: the same key in two rows. A key is a hash of repository, kind and name.
CREATE TABLE bond (
  key INTEGER NOT NULL,
  subject INTEGER NOT NULL,
  kind TEXT NOT NULL,
  PRIMARY KEY (key, subject)
) WITHOUT ROWID;
CREATE INDEX bond_subject ON bond (subject);

DROP TABLE subject_before;
DROP TABLE repository_before;
