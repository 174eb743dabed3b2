-- Lines of rates, included last: `counted` says how many of a `series` there were at a point; where it says nothing, none.
    lines AS
    (
        SELECT series, mapFromArrays(groupArray(at), groupArray(many)) AS line
        FROM (SELECT at, series, sum(counted.many) AS many FROM counted GROUP BY at, series)
        GROUP BY series
    )
SELECT
    toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, lines.series AS series, toFloat64(line[clock.at] / seconds) AS value
FROM clock
CROSS JOIN lines
ORDER BY time, series
