-- What statistics are grouped by, in one row for each item: counting what a filter
-- selects takes one look at each item, whatever the number of fields. Each word is the
-- number of its field, a colon, and its number in the field. What is indexed already
-- is taken from the postings.

CREATE TABLE facets (
  number INTEGER PRIMARY KEY, -- of the finding's entry
  words  TEXT NOT NULL
);
CREATE TABLE resource_facets (
  number INTEGER PRIMARY KEY, -- of the resource
  words  TEXT NOT NULL
);

-- The fields of findings have numbers below 512; those that are counted are grouped by.
INSERT INTO facets (number, words)
SELECT p.item, group_concat('' || (p.value >> 40) || ':' || (p.value & 1099511627775), ' ') FROM postings p
WHERE (p.value >> 40) < 512 AND (p.value >> 40) IN (SELECT c.value >> 40 FROM counts c WHERE c.value > 0)
GROUP BY p.item;

INSERT INTO resource_facets (number, words)
SELECT p.item, group_concat('' || (p.value >> 40) || ':' || (p.value & 1099511627775), ' ') FROM postings p
WHERE (p.value >> 40) > 512 AND (p.value >> 40) IN (SELECT c.value >> 40 FROM counts c WHERE c.value > 0)
GROUP BY p.item;
