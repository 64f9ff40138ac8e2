-- Plans and fleet plans, found by what they are asked for: those at work, and those of a cluster.
CREATE TABLE plans (
  kind     TEXT NOT NULL, -- plan or fleet plan
  id       TEXT NOT NULL,
  state    TEXT NOT NULL,
  cluster  TEXT NOT NULL, -- ARN; empty for a fleet plan
  document BLOB NOT NULL, -- JSON
  PRIMARY KEY (kind, id)
);
CREATE INDEX plans_by_state ON plans (kind, state, id);
CREATE INDEX plans_by_cluster ON plans (cluster, kind, id);

-- They were objects before.
INSERT INTO plans (kind, id, state, cluster, document)
  SELECT kind, id, document_json ->> 'state', coalesce('arn:' || (document_json -> 'plan' -> 'cluster' ->> 'partition') || ':eks:' ||
    (document_json -> 'plan' -> 'cluster' ->> 'region') || ':' || (document_json -> 'plan' -> 'cluster' ->> 'account') || ':cluster/' ||
    (document_json -> 'plan' -> 'cluster' ->> 'name'), ''), document
  FROM objects WHERE kind IN ('plan', 'fleet plan');
DELETE FROM objects WHERE kind IN ('plan', 'fleet plan');
