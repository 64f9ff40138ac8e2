-- When each cluster is scanned, and who holds what.

CREATE TABLE schedule (
  cluster  TEXT PRIMARY KEY, -- ARN
  account  TEXT NOT NULL,
  region   TEXT NOT NULL,
  next_at  BIGINT NOT NULL,
  asked_at BIGINT NOT NULL DEFAULT 0, -- when a scan on demand was asked for, or for when
  last_at  BIGINT NOT NULL DEFAULT 0, -- when the last finished scan began
  failures INTEGER NOT NULL DEFAULT 0,
  problem  TEXT NOT NULL DEFAULT ''
);
CREATE INDEX schedule_by_next ON schedule (next_at, cluster);
CREATE INDEX schedule_by_account ON schedule (account);

CREATE TABLE leases (
  kind     TEXT NOT NULL,
  id       TEXT NOT NULL,
  holder   TEXT NOT NULL,
  until_at BIGINT NOT NULL,
  PRIMARY KEY (kind, id)
);
