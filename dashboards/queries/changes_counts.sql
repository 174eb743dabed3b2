-- How many events of each kind there were.
-- Parameters: service and host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
    counted AS
    (
        SELECT intDiv(toUnixTimestamp64Milli(time), step) * step AS at, CAST(kind, 'String') AS series, count() AS many
        FROM events FINAL
        WHERE events.time >= since AND events.time < until
            AND %(service)s IN ('', service) AND %(host)s IN ('', host)
        GROUP BY at, series
    ),
    points AS (SELECT at, series FROM clock CROSS JOIN (SELECT DISTINCT series FROM counted) AS lines)
SELECT
    toDateTime(intDiv(points.at, 1000), 'UTC') AS time, replaceAll(points.series, '_', ' ') AS series,
    toFloat64(many) AS value
FROM points
LEFT JOIN counted ON counted.at = points.at AND counted.series = points.series
ORDER BY time, series
