-- Connections of an edge that were open, the mean of each point.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_level
-- include panel_edge
    sums AS
    (
        SELECT at, sum(active_seconds) AS held
        FROM pair
        GROUP BY at
    )
SELECT toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2 / seconds) AS value
FROM clock
LEFT JOIN sums ON sums.at = clock.at
ARRAY JOIN
    [
        ('open', held)
    ] AS point
ORDER BY time, series
