-- What is open is asked for most: its orders are walked without what is closed.
DROP INDEX entries_by_status;
CREATE INDEX entries_by_status_and_severity ON entries (status, severity, number);
CREATE INDEX entries_by_status_and_modified ON entries (status, modified, number);
CREATE INDEX entries_by_status_severity_and_modified ON entries (status, severity, modified, number);
