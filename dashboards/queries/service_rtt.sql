-- Round-trip times of a service's connections as its own host measured them, microseconds: the median over processes
-- that it talks to, and what one in twenty exceeds.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
    spread AS
    (
        SELECT
            at,
            quantilesIf(0.5, 0.95)(server_rtt_us, serves AND server_rtt_us > 0) AS taken,
            quantilesIf(0.5, 0.95)(client_rtt_us, calls AND client_rtt_us > 0) AS made
        FROM mine
        GROUP BY at
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2) AS value
FROM spread
ARRAY JOIN
    [
        ('to its clients, median', taken[1]), ('to its clients, 95 %%', taken[2]),
        ('to its servers, median', made[1]), ('to its servers, 95 %%', made[2])
    ] AS point
WHERE isFinite(value)
ORDER BY time, series
