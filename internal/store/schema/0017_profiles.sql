-- What each open finding's severity and fixes are worked out from: findings that are
-- alike share the word of it, so that the fixes of a fleet are worked out for few.
-- Findings that are there already get theirs while the program serves.

ALTER TABLE entries ADD COLUMN profile INTEGER NOT NULL DEFAULT 0; -- 0 when it is closed, or not worked out yet
CREATE INDEX entries_open_by_profile ON entries (profile, account, region) WHERE series > 0;
