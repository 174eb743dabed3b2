-- Rows a second that the store holds of each point, by table; rows that were told twice and are not merged yet count
-- twice.
-- Parameters: from, to in ms; interval in s.
WITH
-- include panel_clock
    counted AS
    (
        SELECT intDiv(toUnixTimestamp64Milli(moment), step) * step AS at, series, count() AS many
        FROM
        (
            SELECT window AS moment, 'edges' AS series FROM edges WHERE window >= since AND window < until
            UNION ALL
            SELECT window, 'process_usage' FROM process_usage WHERE window >= since AND window < until
            UNION ALL
            SELECT window, 'host_usage' FROM host_usage WHERE window >= since AND window < until
            UNION ALL
            SELECT time, 'events' FROM events WHERE time >= since AND time < until
        )
        GROUP BY at, series
    )
SELECT
    toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, counted.series AS series, toFloat64(many / seconds) AS value
FROM counted
INNER JOIN clock ON clock.at = counted.at
ORDER BY time, series
