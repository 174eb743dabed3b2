-- Errors and drops that agents told of in each point, by what happened. An agent counts from its start: a counter that
-- fell has begun anew.
-- Parameters: from, to in ms; interval in s.
WITH
-- include panel_clock
    counted AS
    (
        SELECT
            host, intDiv(toUnixTimestamp64Milli(window), step) * step AS at, counter.1 AS what, toInt64(max(counter.2)) AS total
        FROM (SELECT host, window, CAST(counters, 'Array(Tuple(String, UInt64))') AS told FROM host_usage FINAL
              WHERE window >= since AND window < until)
        ARRAY JOIN told AS counter
        GROUP BY host, at, what
    ),
    grown AS
    (
        SELECT
            at, what,
            lagInFrame(total, 1, total) OVER (
                PARTITION BY host, what ORDER BY at ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
            ) AS before,
            if(total < before, total, total - before) AS more
        FROM counted
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, replaceAll(what, '_', ' ') AS series, toFloat64(sum(more)) AS value
FROM grown
GROUP BY time, series
ORDER BY time, series
