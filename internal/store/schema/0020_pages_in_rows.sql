-- PostgreSQL keeps what is longer than 2 kB outside of its row, in pieces, which makes
-- a page of a hundred documents four times as slow to read. Most documents have 4 kB.

in_row_pages;
in_row_documents;
in_row_resource_pages;
