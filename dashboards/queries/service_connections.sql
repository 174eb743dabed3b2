-- Connections a second that its clients opened to a service, and that it opened to its servers.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
    sums AS (SELECT at, sumIf(opened, serves) AS taken, sumIf(opened, calls) AS made FROM mine GROUP BY at)
SELECT toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2 / seconds) AS value
FROM clock
LEFT JOIN sums ON sums.at = clock.at
ARRAY JOIN [('opened by its clients', taken), ('opened to its servers', made)] AS point
ORDER BY time, series
