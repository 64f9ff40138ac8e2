-- The resource inventory: what scans saw and what findings involve, as documents of
-- Security Hub's GetResourcesV2, searched by the index like findings.

CREATE TABLE resources (
  number      INTEGER PRIMARY KEY,
  guid        TEXT NOT NULL UNIQUE,
  cluster     TEXT NOT NULL, -- ARN of the one that held it last
  account     TEXT NOT NULL,
  region      TEXT NOT NULL,
  captured    BIGINT NOT NULL, -- when a scan saw it last
  fingerprint TEXT NOT NULL,   -- of the document, but for that time
  series      INTEGER NOT NULL -- the word of its trend series
);
CREATE INDEX resources_by_captured ON resources (captured, number);
CREATE INDEX resources_by_account ON resources (account, region);
CREATE INDEX resources_by_cluster ON resources (cluster);

CREATE TABLE resource_pages (
  number   INTEGER PRIMARY KEY,
  document BLOB NOT NULL
);

-- Which clusters have a resource, and the entry of the finding that involves it, or 0.
CREATE TABLE holders (
  cluster  TEXT NOT NULL,
  resource INTEGER NOT NULL,
  finding  INTEGER NOT NULL,
  PRIMARY KEY (cluster, resource)
) WITHOUT ROWID;
CREATE INDEX holders_by_resource ON holders (resource, cluster);
