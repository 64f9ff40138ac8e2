-- What findings and resources are searched by: docs/design/0007-serving.md.

-- Distinct values. A number has its field's number above its lowest 40 bits. The
-- value is NULL where it is the key.
CREATE TABLE words (
  id    INTEGER PRIMARY KEY,
  field INTEGER NOT NULL,
  key   TEXT NOT NULL,
  value TEXT,
  UNIQUE (field, key)
);

-- Which items have a value.
CREATE TABLE postings (
  item  INTEGER NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (item, value)
) WITHOUT ROWID;
CREATE INDEX postings_by_value ON postings (value, item);

-- Numbers, and times, of fields that are no column.
CREATE TABLE amounts (
  item   INTEGER NOT NULL,
  field  INTEGER NOT NULL,
  amount DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (item, field, amount)
) WITHOUT ROWID;
CREATE INDEX amounts_by_amount ON amounts (field, amount, item);

-- How many findings have a value, by severity and status. Value -1 is all of them.
CREATE TABLE counts (
  value    INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  status   INTEGER NOT NULL,
  number   INTEGER NOT NULL,
  PRIMARY KEY (value, severity, status)
) WITHOUT ROWID;

-- One row for each finding, and its OCSF document.
CREATE TABLE entries (
  number     INTEGER PRIMARY KEY,
  finding    TEXT NOT NULL UNIQUE REFERENCES findings (id) ON DELETE CASCADE,
  uid        TEXT NOT NULL UNIQUE,
  cluster    TEXT NOT NULL UNIQUE,
  account    TEXT NOT NULL,
  region     TEXT NOT NULL,
  severity   INTEGER NOT NULL, -- OCSF severity_id, as it is shown
  computed   INTEGER NOT NULL, -- OCSF severity_id of the arithmetic
  status     INTEGER NOT NULL, -- OCSF status_id, as it is shown
  activity   INTEGER NOT NULL, -- OCSF activity_id
  events     INTEGER NOT NULL, -- related_events_count
  created    BIGINT NOT NULL,
  first_seen BIGINT NOT NULL,
  last_seen  BIGINT NOT NULL,
  modified   BIGINT NOT NULL,
  series     INTEGER NOT NULL -- the word of its trend series; 0 when it is closed
);
CREATE INDEX entries_by_severity ON entries (severity, number);
CREATE INDEX entries_by_severity_and_modified ON entries (severity, modified, number);
CREATE INDEX entries_by_status ON entries (status, number);
CREATE INDEX entries_by_created ON entries (created, number);
CREATE INDEX entries_by_first_seen ON entries (first_seen, number);
CREATE INDEX entries_by_last_seen ON entries (last_seen, number);
CREATE INDEX entries_by_modified ON entries (modified, number);
CREATE INDEX entries_by_account ON entries (account, region);

CREATE TABLE pages (
  number   INTEGER PRIMARY KEY,
  document BLOB NOT NULL
);

-- Which fields of an item a change gave other values, so that walks under way can
-- give the item again.
CREATE TABLE moves (
  change INTEGER NOT NULL,
  item   INTEGER NOT NULL,
  field  INTEGER NOT NULL,
  PRIMARY KEY (change, item, field)
) WITHOUT ROWID;

-- How the number of items of a series changed on a day (days since 1970).
CREATE TABLE trend_days (
  series     INTEGER NOT NULL,
  day        INTEGER NOT NULL,
  difference INTEGER NOT NULL,
  PRIMARY KEY (series, day)
) WITHOUT ROWID;

-- How far what was recorded before has been indexed: the version of the index, and
-- the last finding that was.
CREATE TABLE indexing (
  collection TEXT PRIMARY KEY,
  version    TEXT NOT NULL,
  finding    TEXT NOT NULL
);
