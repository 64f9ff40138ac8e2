-- The remediation targets of a region are those of its findings that are New (1) or In
-- Progress (2), which no other findings have.
CREATE INDEX entries_open_by_region ON entries (region, number) WHERE status IN (1, 2);
