-- Follows view_asked: the same a row for each `step` ms of what a node answered, or of an edge whose server it is.
-- Parameters: server, an id; client, transport and port, which edge, or "" for all; step in ms.
SELECT
    intDiv(at, %(step)s) * %(step)s AS point,
    sum(requests) AS requests, sum(errors) AS errors, sum(given_up) AS given_up, sumMap(latency) AS latency
FROM asked
WHERE s = %(server)s AND (%(client)s = '' OR (c = %(client)s AND transport = %(transport)s AND port = %(port)s))
GROUP BY point
ORDER BY point
