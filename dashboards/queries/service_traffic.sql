-- Bytes a second between a service and those it talks to, in both of its roles.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
    sums AS
    (
        SELECT
            at,
            sumIf(asked_bytes, serves) AS asked, sumIf(answered_bytes, serves) AS answered,
            sumIf(asked_bytes, calls) AS asks, sumIf(answered_bytes, calls) AS gets
        FROM mine
        GROUP BY at
    )
SELECT toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2 / seconds) AS value
FROM clock
LEFT JOIN sums ON sums.at = clock.at
ARRAY JOIN
    [
        ('from its clients', asked), ('to its clients', answered), ('to its servers', asks), ('from its servers', gets)
    ] AS point
ORDER BY time, series
