-- Clusters without an open finding of which the latest scan could not decide every trait.

CREATE TABLE undecided (
  cluster TEXT PRIMARY KEY, -- ARN
  at      BIGINT NOT NULL,
  traits  TEXT NOT NULL     -- JSON: which traits, and why
);
