-- How late the newest stored facts and edges were, s: the worst of each point, as sinks told it.
-- Parameters: from, to in ms; interval in s.
WITH
-- include panel_clock
    told AS
    (
        SELECT intDiv(toUnixTimestamp64Milli(minute), step) * step AS at, measure, max(value) AS worst
        FROM pipeline FINAL
        WHERE minute >= since AND minute < until AND measure IN ('facts_late', 'edges_late')
        GROUP BY at, measure
    )
SELECT
    toDateTime(intDiv(at, 1000), 'UTC') AS time, if(measure = 'facts_late', 'facts', 'edges') AS series,
    toFloat64(worst) AS value
FROM told
ORDER BY time, series
