-- What went wrong, a second: connections that failed, and segments that the service sent again.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
    sums AS
    (
        SELECT
            at,
            sumIf(failed, serves) AS refused, sumIf(failed, calls) AS failing,
            sumIf(server_retransmits, serves) + sumIf(client_retransmits, calls) AS again
        FROM mine
        GROUP BY at
    )
SELECT toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2 / seconds) AS value
FROM clock
LEFT JOIN sums ON sums.at = clock.at
ARRAY JOIN
    [
        ('failed, from its clients', refused), ('failed, to its servers', failing), ('segments sent again', again)
    ] AS point
ORDER BY time, series
