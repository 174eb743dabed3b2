-- Round-trip times over an edge, microseconds, as each side's kernel smoothed them: the median over pairs of processes,
-- and the least that was ever measured.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_level
-- include panel_edge
    spread AS
    (
        SELECT
            at,
            quantileIf(0.5)(client_rtt_us, client_rtt_us > 0) AS by_client,
            quantileIf(0.5)(server_rtt_us, server_rtt_us > 0) AS by_server,
            minIf(client_min_rtt_us, client_min_rtt_us > 0) AS least_by_client,
            minIf(server_min_rtt_us, server_min_rtt_us > 0) AS least_by_server
        FROM pair
        GROUP BY at
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2) AS value
FROM spread
ARRAY JOIN
    [
        ('client, median', by_client), ('server, median', by_server),
        ('client, least', least_by_client), ('server, least', least_by_server)
    ] AS point
WHERE isFinite(value) AND value > 0
ORDER BY time, series
