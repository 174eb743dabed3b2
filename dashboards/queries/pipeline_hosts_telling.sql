-- How many hosts told anything in each point.
-- Parameters: from, to in ms; interval in s.
WITH
-- include panel_clock
    told AS
    (
        SELECT intDiv(toUnixTimestamp64Milli(window), step) * step AS at, uniqExact(host) AS many
        FROM host_usage WHERE window >= since AND window < until GROUP BY at
    )
SELECT toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, 'hosts' AS series, toFloat64(many) AS value
FROM clock
LEFT JOIN told ON told.at = clock.at
ORDER BY time, series
