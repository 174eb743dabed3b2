-- Connections of a service that were open, the mean of each point.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
    sums AS
    (
        SELECT at, sumIf(active_seconds, serves) AS taken, sumIf(active_seconds, calls) AS made FROM mine GROUP BY at
    )
SELECT toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2 / seconds) AS value
FROM clock
LEFT JOIN sums ON sums.at = clock.at
ARRAY JOIN [('with its clients', taken), ('with its servers', made)] AS point
ORDER BY time, series
