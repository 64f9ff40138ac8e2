-- Traits, which are what finding_info.tags (field 109) has, are counted by severity and
-- status too: how many findings of some status have a trait is asked for every list.
INSERT INTO counts (value, severity, status, number)
SELECT p.value, e.severity, e.status, count(*) FROM postings p JOIN entries e ON e.number = p.item
WHERE p.value BETWEEN 119846767427584 AND 120946279055359
GROUP BY p.value, e.severity, e.status;
