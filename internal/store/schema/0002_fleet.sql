-- The document moves to a table of its own, so that a scan that changes nothing
-- moves one short row and not the document's pages.

CREATE TABLE documents (
  finding  TEXT PRIMARY KEY REFERENCES findings (id) ON DELETE CASCADE,
  document BLOB NOT NULL
);
INSERT INTO documents (finding, document) SELECT id, document FROM findings;
ALTER TABLE findings DROP COLUMN document;

-- fingerprint is of the document; seen is JSON: when the exposure was last seen,
-- and which of the document's traits were seen then. Empty: the document tells.
ALTER TABLE findings ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE findings ADD COLUMN seen TEXT NOT NULL DEFAULT '';

-- The finding as the event left it; NULL for events recorded before.
ALTER TABLE events ADD COLUMN seen TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN document BLOB;

-- Day on which the row was last asked for, in milliseconds.
ALTER TABLE sboms ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE matches ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;

-- Every cluster that was listed or scanned; a time of 0 means never.
CREATE TABLE clusters (
  arn        TEXT PRIMARY KEY,
  account    TEXT NOT NULL,
  region     TEXT NOT NULL,
  name       TEXT NOT NULL,
  listed_at  BIGINT NOT NULL DEFAULT 0,
  gone_at    BIGINT NOT NULL DEFAULT 0,
  scanned_at BIGINT NOT NULL DEFAULT 0,
  coverage   BLOB -- of the latest scan
);
CREATE INDEX clusters_by_place ON clusters (account, region, name);

CREATE TABLE scans (
  id          BIGINT PRIMARY KEY,
  started_at  BIGINT NOT NULL,
  alive_at    BIGINT NOT NULL, -- latest sign of life
  finished_at BIGINT NOT NULL DEFAULT 0,
  state       TEXT NOT NULL,
  scope       TEXT NOT NULL, -- JSON
  counts      TEXT NOT NULL  -- JSON
);

CREATE TABLE calendars (
  region   TEXT PRIMARY KEY,
  document TEXT NOT NULL -- JSON
);
