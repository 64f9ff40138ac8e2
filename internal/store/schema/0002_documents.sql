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

-- Day on which the row was last asked for, in milliseconds.
ALTER TABLE sboms ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE matches ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;
