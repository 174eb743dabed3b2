-- The edges of a level that were there in [from, to).
-- Parameters: level; from, to in ms.
WITH
-- include view_rows
    known AS (SELECT DISTINCT c, s, transport, port FROM ended)
SELECT * FROM known
