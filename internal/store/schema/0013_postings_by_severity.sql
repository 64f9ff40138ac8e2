-- What has a value, most severe first, is walked in that order. Findings and resources
-- are indexed again, which fills the table.
DROP TABLE postings;

CREATE TABLE postings (
  item     INTEGER NOT NULL,
  value    INTEGER NOT NULL,
  severity INTEGER NOT NULL, -- the item's, 0 for what has none
  PRIMARY KEY (item, value)
) WITHOUT ROWID;
CREATE INDEX postings_by_value ON postings (value, severity, item);

-- A window of time is read, and put in order, without the entries themselves.
DROP INDEX entries_by_created;
CREATE INDEX entries_by_created ON entries (created, number, severity);

-- Targets of one kind of resource, and of one status, in their order.
CREATE INDEX target_totals_by_resource_type ON target_totals (resource_type, place, target);
CREATE INDEX target_totals_new ON target_totals (place, target) WHERE changed = 0;
CREATE INDEX target_totals_updated ON target_totals (place, target) WHERE changed > 0;
