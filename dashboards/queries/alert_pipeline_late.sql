-- How late each stage of the pipeline is, in seconds.
--   facts   since the end of the newest window that any host told of: agents, log and sink
--   map     from there back to the newest that the folds made of facts: the workers
-- Every process is told of once a keyframe (a minute unless configured), so that the map is a minute late at most when
-- all is well. Nothing at all in the range is no rows. Parameters: from, to in ms.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until,
    (
        SELECT (min(window), max(window + toIntervalMillisecond(width_ms)), count())
        FROM host_usage WHERE window >= since AND window < until
    ) AS facts,
    (
        SELECT greatest(
            (SELECT max(seen) FROM nodes WHERE hour >= toStartOfHour(since) AND seen < until),
            (SELECT max(window) FROM edges WHERE window >= since AND window < until),
            facts.1)
    ) AS folded
SELECT stage, late_seconds
FROM
(
    SELECT 'facts' AS stage, greatest(0., toFloat64(dateDiff('second', assumeNotNull(facts.2), until))) AS late_seconds
    UNION ALL
    SELECT 'map', greatest(0., toFloat64(dateDiff('second', assumeNotNull(folded), assumeNotNull(facts.2))))
)
WHERE facts.3 > 0
ORDER BY stage
