-- What a server keeps beside findings.

-- Small JSON documents, by kind and ID.
CREATE TABLE objects (
  kind     TEXT NOT NULL,
  id       TEXT NOT NULL,
  document BLOB NOT NULL,
  PRIMARY KEY (kind, id)
);

-- The audit log. The entry is JSON.
CREATE TABLE audit (
  number    INTEGER PRIMARY KEY AUTOINCREMENT,
  at        BIGINT NOT NULL,
  principal TEXT NOT NULL,
  operation TEXT NOT NULL,
  entry     TEXT NOT NULL
);
CREATE INDEX audit_by_principal ON audit (principal, number);
CREATE INDEX audit_by_operation ON audit (operation, number);

-- The change log, and how far each of its followers is.
CREATE TABLE changes (
  number  INTEGER PRIMARY KEY AUTOINCREMENT,
  at      BIGINT NOT NULL,
  finding TEXT NOT NULL,
  cluster TEXT NOT NULL, -- ARN
  kind    TEXT NOT NULL
);
CREATE TABLE cursors (
  name   TEXT PRIMARY KEY,
  number BIGINT NOT NULL
);
