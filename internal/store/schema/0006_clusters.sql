-- Clusters as scans saw them last, also those that are gone, with their snapshots,
-- and the images that they name.

CREATE TABLE clusters (
  cluster      TEXT PRIMARY KEY, -- ARN
  account      TEXT NOT NULL,
  region       TEXT NOT NULL,
  name         TEXT NOT NULL,
  scanned_at   BIGINT NOT NULL,
  collected_at BIGINT NOT NULL, -- of the snapshot, in nanoseconds
  gone_at      BIGINT NOT NULL DEFAULT 0,
  incomplete   INTEGER NOT NULL, -- 1: something could not be read or decided
  fingerprint  TEXT NOT NULL,    -- of overview and snapshot, but for their times
  overview     TEXT NOT NULL     -- JSON
);
CREATE INDEX clusters_by_place ON clusters (account, region, name, cluster);

-- Snapshots without what images.matches holds.
CREATE TABLE snapshots (
  cluster  TEXT PRIMARY KEY REFERENCES clusters (cluster) ON DELETE CASCADE,
  document BLOB NOT NULL
);

-- What one build of the vulnerability database says of a digest; build is empty when
-- none was asked, as when the image could not be read.
CREATE TABLE images (
  number     INTEGER PRIMARY KEY AUTOINCREMENT,
  digest     TEXT NOT NULL,
  build      TEXT NOT NULL,
  latest     INTEGER NOT NULL, -- 1 for the digest's newest row
  repository TEXT NOT NULL,
  unread     INTEGER NOT NULL, -- 1 when the content is not known
  facts      TEXT NOT NULL,    -- JSON
  matches    BLOB NOT NULL,
  UNIQUE (digest, build)
);

CREATE TABLE cluster_images (
  cluster TEXT NOT NULL REFERENCES clusters (cluster) ON DELETE CASCADE,
  digest  TEXT NOT NULL,
  build   TEXT NOT NULL,
  running INTEGER NOT NULL,
  named   TEXT NOT NULL, -- JSON: where and how
  PRIMARY KEY (cluster, digest)
);
CREATE INDEX cluster_images_by_digest ON cluster_images (digest, cluster);

-- The vulnerabilities of the latest row of each digest, by their ID and their aliases.
CREATE TABLE image_vulnerabilities (
  vulnerability TEXT NOT NULL,
  image         INTEGER NOT NULL REFERENCES images (number) ON DELETE CASCADE,
  PRIMARY KEY (vulnerability, image)
);
CREATE INDEX image_vulnerabilities_by_image ON image_vulnerabilities (image);

-- What other scanners told of images, one report of each kind.
CREATE TABLE image_reports (
  digest   TEXT NOT NULL,
  source   TEXT NOT NULL,
  document BLOB NOT NULL,
  PRIMARY KEY (digest, source)
);
