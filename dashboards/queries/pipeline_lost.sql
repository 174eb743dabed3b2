-- Records that could not be used, those that the store refused, and how often sinks had to ask the store again, in each
-- point. All sinks tell of the same dead letters, and each of its own store.
-- Parameters: from, to in ms; interval in s.
WITH
-- include panel_clock
    told AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(minute), step) * step AS at, measure,
            if(measure = 'dead_letters', max(value), sum(value)) AS many
        FROM pipeline FINAL
        WHERE minute >= since AND minute < until AND measure IN ('dead_letters', 'refused', 'store_retries')
        GROUP BY minute, measure
    )
SELECT
    toDateTime(intDiv(at, 1000), 'UTC') AS time,
    transform(CAST(measure, 'String'), ['dead_letters', 'refused'], ['dead letters', 'refused by the store'], 'asked again')
        AS series,
    toFloat64(sum(many)) AS value
FROM told
GROUP BY time, series
ORDER BY time, series
