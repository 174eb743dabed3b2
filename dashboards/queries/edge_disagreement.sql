-- By how much the two sides of an edge disagree on the bytes that went each way, as a share of the greater count. Only
-- where both sides saw the connection: what is on the way at the end of a window is told in two windows, so a little is
-- usual, and more than that is loss of facts (or somebody in between).
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_level
-- include panel_edge
    sums AS
    (
        SELECT
            at, sum(client_sent_bytes) AS asks, sum(server_received_bytes) AS hears,
            sum(server_sent_bytes) AS answers, sum(client_received_bytes) AS gets
        FROM pair
        WHERE seen_by_client AND seen_by_server
        GROUP BY at
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2) AS value
FROM sums
ARRAY JOIN
    [
        ('to the server', abs(asks - hears) / greatest(asks, hears)),
        ('to the client', abs(answers - gets) / greatest(answers, gets))
    ] AS point
WHERE isFinite(value)
ORDER BY time, series
