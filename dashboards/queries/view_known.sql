-- Follows view_ended: the edges that were there.
    known AS (SELECT DISTINCT c, s, transport, port FROM ended)
SELECT * FROM known
