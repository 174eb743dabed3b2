-- Lines of requests by outcome, included after `asked`: its rows of map_requests, by class of status and unanswered.
    counted AS
    (
        SELECT intDiv(toUnixTimestamp64Milli(begins), step) * step AS at, outcome.1 AS series, sum(outcome.2) AS many
        FROM
        (
            SELECT
                begins,
                arrayConcat(
                    arrayMap((what, n) -> (substring(what, -3), n), mapKeys(by), mapValues(by)),
                    [('unanswered', unanswered)]
                ) AS outcomes
            FROM asked
        )
        ARRAY JOIN outcomes AS outcome
        WHERE outcome.2 > 0
        GROUP BY at, series
    ),
    points AS (SELECT at, seconds, series FROM clock CROSS JOIN (SELECT DISTINCT series FROM counted) AS lines)
SELECT
    toDateTime(intDiv(points.at, 1000), 'UTC') AS time, points.series AS series, toFloat64(many / seconds) AS value
FROM points
LEFT JOIN counted ON counted.at = points.at AND counted.series = points.series
ORDER BY time, series
