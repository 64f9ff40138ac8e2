-- Times are milliseconds since 1970, UTC. Documents are JSON, compressed with zstd.

CREATE TABLE findings (
  id          TEXT PRIMARY KEY,
  uid         TEXT NOT NULL UNIQUE,
  cluster     TEXT NOT NULL UNIQUE, -- ARN
  account     TEXT NOT NULL,
  region      TEXT NOT NULL,
  name        TEXT NOT NULL,        -- of the cluster
  severity    INTEGER NOT NULL,     -- rank: 1 Low … 4 Critical
  status      TEXT NOT NULL,
  activity    TEXT NOT NULL,
  first_seen  BIGINT NOT NULL,
  last_seen   BIGINT NOT NULL,
  modified_at BIGINT NOT NULL,
  document    BLOB NOT NULL
);
CREATE INDEX findings_by_severity ON findings (severity DESC, account, region, name);
CREATE INDEX findings_by_name ON findings (name);

CREATE TABLE finding_traits (
  finding  TEXT NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
  trait    TEXT NOT NULL,
  standing TEXT NOT NULL,
  PRIMARY KEY (finding, trait)
);
CREATE INDEX finding_traits_by_trait ON finding_traits (trait, standing);

CREATE TABLE events (
  finding  TEXT NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  at       BIGINT NOT NULL,
  kind     TEXT NOT NULL,
  severity INTEGER NOT NULL,
  details  TEXT NOT NULL, -- JSON list
  PRIMARY KEY (finding, sequence)
);

CREATE TABLE sboms (
  digest   TEXT NOT NULL,
  tool     TEXT NOT NULL,
  image    TEXT NOT NULL, -- JSON of the image's facts
  sbom     TEXT NOT NULL, -- JSON of the SBOM's facts
  document BLOB NOT NULL,
  PRIMARY KEY (digest, tool)
);

CREATE TABLE matches (
  digest   TEXT PRIMARY KEY,
  build    TEXT NOT NULL, -- of the vulnerability database
  document BLOB NOT NULL
);
