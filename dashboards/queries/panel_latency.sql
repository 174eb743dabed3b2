-- Lines of the time to answer, ms, included after `asked`: its rows of map_requests. The sketches of a point are added
-- up; each quantile is within 1 %% (schemas/latency.py).
    sketches AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(begins), step) * step AS at, sumMap(latency) AS sketch,
            mapKeys(sketch) AS buckets, arrayCumSum(mapValues(sketch)) AS passed
        FROM asked
        GROUP BY at
        HAVING notEmpty(buckets)
    ),
    1.01 / 0.99 AS growth
SELECT
    toDateTime(intDiv(at, 1000), 'UTC') AS time, quantile.1 AS series,
    toFloat64(2 * pow(growth, buckets[arrayFirstIndex(n -> n > quantile.2 * (passed[-1] - 1), passed)]) / (growth + 1) / 1000)
        AS value
FROM sketches
ARRAY JOIN [('half within', 0.5), ('95 %% within', 0.95), ('99 %% within', 0.99)] AS quantile
ORDER BY time, series
