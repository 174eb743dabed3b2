-- Connections a second that an edge opened and closed.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_level
-- include panel_edge
    sums AS
    (
        SELECT at, sum(opened) AS came, sum(closed) AS went
        FROM pair
        GROUP BY at
    )
SELECT toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2 / seconds) AS value
FROM clock
LEFT JOIN sums ON sums.at = clock.at
ARRAY JOIN
    [
        ('opened', came), ('closed', went)
    ] AS point
ORDER BY time, series
