-- Remediation targets, counted: what fixing each does to all findings that have it is
-- kept as findings are recorded, so that a page of targets need not read them.
-- Findings are indexed again, which fills both tables.

DROP TABLE targets;

-- The targets that open findings have.
CREATE TABLE targets (
  item     INTEGER NOT NULL, -- number of the finding's entry
  target   TEXT NOT NULL,
  heading  TEXT NOT NULL,    -- the finding's title
  severity INTEGER NOT NULL, -- rank, of the arithmetic
  remains  INTEGER NOT NULL, -- rank of what would be left; 0 when nothing would
  changed  INTEGER NOT NULL, -- 1 when the finding changed after the target was first seen on it
  account  TEXT NOT NULL,    -- of the resource, with region
  region   TEXT NOT NULL,
  PRIMARY KEY (item, target)
) WITHOUT ROWID;
CREATE INDEX targets_by_target ON targets (target, severity, item);

CREATE TABLE target_totals (
  target        TEXT PRIMARY KEY,
  trait         TEXT NOT NULL,
  type          TEXT NOT NULL,
  title         TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource      TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  account       TEXT NOT NULL,
  region        TEXT NOT NULL,
  updated       BIGINT NOT NULL,
  -- How many findings have it: those of targets.changed, and by what would become of them.
  changed       INTEGER NOT NULL,
  resolves      INTEGER NOT NULL,
  reduces       INTEGER NOT NULL,
  leaves        INTEGER NOT NULL,
  -- Those that it resolves or reduces, by severity.
  critical      INTEGER NOT NULL,
  high          INTEGER NOT NULL,
  medium        INTEGER NOT NULL,
  low           INTEGER NOT NULL,
  -- The order of targets, the most urgent lowest.
  place         BIGINT NOT NULL
);
CREATE INDEX target_totals_by_place ON target_totals (place, target);
CREATE INDEX target_totals_by_account ON target_totals (account, place, target);
CREATE INDEX target_totals_by_resource ON target_totals (resource);
