-- Lists of clusters and images are sorted, searched and counted by columns of narrow
-- tables, which have an index for each order.

ALTER TABLE clusters ADD COLUMN account_name TEXT NOT NULL DEFAULT '';
ALTER TABLE clusters ADD COLUMN version TEXT NOT NULL DEFAULT '';       -- 1.09 for 1.9
ALTER TABLE clusters ADD COLUMN open_endpoint INTEGER NOT NULL DEFAULT 0; -- 1: reached from outside of its network
ALTER TABLE clusters ADD COLUMN encryption TEXT NOT NULL DEFAULT '';
ALTER TABLE clusters ADD COLUMN nodes INTEGER NOT NULL DEFAULT -1;      -- -1: not known
ALTER TABLE clusters ADD COLUMN severity INTEGER NOT NULL DEFAULT 0;    -- OCSF severity_id of the open finding, as it is shown; 0 without one
ALTER TABLE clusters ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;     -- how much could not be read or decided
ALTER TABLE clusters ADD COLUMN words TEXT NOT NULL DEFAULT '';         -- what is searched, in lower case

UPDATE clusters SET
  account_name = coalesce(overview_json -> 'cluster' ->> 'account_name', ''),
  version = coalesce(overview_json -> 'cluster' ->> 'version', ''),
  open_endpoint = CASE WHEN '' || (overview_json -> 'cluster' -> 'endpoint' ->> 'public') IN ('1', 'true') THEN 1 ELSE 0 END,
  encryption = coalesce(overview_json ->> 'encryption', ''),
  nodes = coalesce(CAST(overview_json -> 'cluster' ->> 'nodes' AS BIGINT), -1),
  severity = coalesce((SELECT e.severity FROM entries e WHERE e.cluster = clusters.cluster AND e.activity <> 3 AND e.severity < 99), 0),
  missing = coalesce(json_array_length(overview_json -> 'gaps'), 0) + coalesce(json_array_length(overview_json -> 'unknown'), 0),
  words = lower(name || ' ' || account || ' ' || region || ' ' || coalesce(overview_json -> 'cluster' ->> 'account_name', '') || ' ' ||
    coalesce(overview_json -> 'cluster' ->> 'version', '') || ' ' || coalesce(overview_json -> 'cluster' ->> 'tags', ''));

-- What pages of the list tell of a cluster, and of its finding in short.
CREATE TABLE overviews (
  cluster  TEXT PRIMARY KEY REFERENCES clusters (cluster) ON DELETE CASCADE,
  overview TEXT NOT NULL, -- JSON
  finding  TEXT NOT NULL  -- JSON; null without one
);
INSERT INTO overviews (cluster, overview, finding)
  SELECT c.cluster, c.overview, coalesce('{"id":"' || e.finding || '","severity":"' ||
    CASE e.severity WHEN 0 THEN 'Unknown' WHEN 1 THEN 'Informational' WHEN 2 THEN 'Low' WHEN 3 THEN 'Medium' WHEN 4 THEN 'High' WHEN 5 THEN 'Critical' WHEN 6 THEN 'Fatal' ELSE 'Other' END ||
    '","status":"' || CASE e.status WHEN 0 THEN 'Unknown' WHEN 1 THEN 'New' WHEN 2 THEN 'In Progress' WHEN 3 THEN 'Suppressed' WHEN 4 THEN 'Resolved' ELSE 'Archived' END ||
    '","open":' || CASE e.activity WHEN 3 THEN 'false' ELSE 'true' END || '}', 'null')
  FROM clusters c LEFT JOIN entries e ON e.cluster = c.cluster;

ALTER TABLE clusters DROP COLUMN overview;
ALTER TABLE clusters DROP COLUMN incomplete;

CREATE INDEX clusters_by_account ON clusters (account, region, gone_at, account_name); -- counts look at nothing else
CREATE INDEX clusters_by_name ON clusters (name, cluster) WHERE gone_at = 0;
CREATE INDEX clusters_by_version ON clusters (version, name, cluster) WHERE gone_at = 0;
CREATE INDEX clusters_by_endpoint ON clusters (open_endpoint, name, cluster) WHERE gone_at = 0;
CREATE INDEX clusters_by_encryption ON clusters (encryption, name, cluster) WHERE gone_at = 0;
CREATE INDEX clusters_by_nodes ON clusters (nodes, name, cluster) WHERE gone_at = 0;
CREATE INDEX clusters_by_severity ON clusters (severity, name, cluster) WHERE gone_at = 0;
CREATE INDEX clusters_by_scan ON clusters (scanned_at, name, cluster) WHERE gone_at = 0;
CREATE INDEX clusters_by_missing ON clusters (missing, name, cluster) WHERE gone_at = 0;

-- Each digest that was named, as its latest row in images tells of it, with how many
-- clusters that exist name it and how many pods there run it. Numbers are -1 where
-- they are not known.
CREATE TABLE listed_images (
  digest     TEXT PRIMARY KEY,
  repository TEXT NOT NULL DEFAULT '',
  os         TEXT NOT NULL DEFAULT '',
  created    TEXT NOT NULL DEFAULT '', -- RFC 3339, UTC, to the second
  critical   INTEGER NOT NULL DEFAULT -1,
  high       INTEGER NOT NULL DEFAULT -1,
  kev        INTEGER NOT NULL DEFAULT -1,
  unread     INTEGER NOT NULL DEFAULT 0,
  words      TEXT NOT NULL DEFAULT '', -- what is searched, in lower case
  clusters   INTEGER NOT NULL DEFAULT 0,
  running    INTEGER NOT NULL DEFAULT 0
);
INSERT INTO listed_images (digest, repository, os, created, critical, high, kev, unread, words)
  SELECT digest, repository, coalesce(facts_json ->> 'os', ''), coalesce(substr(facts_json ->> 'created_at', 1, 19) || 'Z', ''),
    coalesce(CAST(facts_json -> 'counts' ->> 'critical' AS BIGINT), -1), coalesce(CAST(facts_json -> 'counts' ->> 'high' AS BIGINT), -1),
    coalesce(CAST(facts_json -> 'counts' ->> 'kev' AS BIGINT), -1), unread, lower(repository || ' ' || digest || ' ' || coalesce(facts_json ->> 'os', ''))
  FROM images WHERE latest = 1;
UPDATE listed_images SET
  clusters = (SELECT count(*) FROM cluster_images u JOIN clusters c ON c.cluster = u.cluster WHERE u.digest = listed_images.digest AND c.gone_at = 0),
  running = (SELECT CAST(coalesce(sum(u.running), 0) AS BIGINT) FROM cluster_images u JOIN clusters c ON c.cluster = u.cluster WHERE u.digest = listed_images.digest AND c.gone_at = 0);

CREATE INDEX listed_images_by_digest ON listed_images (digest) WHERE clusters > 0;
CREATE INDEX listed_images_by_repository ON listed_images (repository, digest) WHERE clusters > 0;
CREATE INDEX listed_images_by_os ON listed_images (os, digest) WHERE clusters > 0;
CREATE INDEX listed_images_by_creation ON listed_images (created, digest) WHERE clusters > 0;
CREATE INDEX listed_images_by_critical ON listed_images (critical, digest) WHERE clusters > 0;
CREATE INDEX listed_images_by_high ON listed_images (high, digest) WHERE clusters > 0;
CREATE INDEX listed_images_by_kev ON listed_images (kev, digest) WHERE clusters > 0;
CREATE INDEX listed_images_by_clusters ON listed_images (clusters, digest) WHERE clusters > 0;
CREATE INDEX listed_images_by_running ON listed_images (running, digest) WHERE clusters > 0;
