-- The remediation targets of open findings, written with the search index.
CREATE TABLE targets (
  item           INTEGER NOT NULL, -- number of the finding's entry
  target         TEXT NOT NULL,
  trait          TEXT NOT NULL,
  type           TEXT NOT NULL,
  title          TEXT NOT NULL,
  resource_type  TEXT NOT NULL,
  resource       TEXT NOT NULL,
  resource_name  TEXT NOT NULL,
  heading        TEXT NOT NULL, -- the finding's title
  severity       TEXT NOT NULL, -- of the arithmetic
  severity_after TEXT NOT NULL, -- empty when nothing would be left
  first_seen     BIGINT NOT NULL,
  PRIMARY KEY (item, target)
) WITHOUT ROWID;
CREATE INDEX targets_by_target ON targets (target, item);
