-- Payload bytes a second over an edge, as each of its two sides counts them.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_level
-- include panel_edge
    sums AS
    (
        SELECT at, sum(client_sent_bytes) AS asks, sum(server_received_bytes) AS hears, sum(server_sent_bytes) AS answers,
            sum(client_received_bytes) AS gets
        FROM pair
        GROUP BY at
    )
SELECT toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2 / seconds) AS value
FROM clock
LEFT JOIN sums ON sums.at = clock.at
ARRAY JOIN
    [
        ('to the server, says the client', asks), ('to the server, says the server', hears),
        ('to the client, says the server', answers), ('to the client, says the client', gets)
    ] AS point
ORDER BY time, series
