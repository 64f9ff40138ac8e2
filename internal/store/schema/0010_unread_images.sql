-- Images without an answer of the vulnerability database: those that no scan could
-- read were kept as read. The next scan of each cluster writes them again.

DELETE FROM cluster_images WHERE build = 'unmatched';
DELETE FROM images WHERE build = 'unmatched';
