-- How long each host has said nothing while others went on, in seconds: from the end of its last window to the end of
-- the newest of all hosts. A host alone is not silent by this but late: see alert_pipeline_late.
-- Parameters: from, to in ms; a host that said nothing in between is no longer expected to.
WITH heard AS
    (
        SELECT host, max(window + toIntervalMillisecond(width_ms)) AS until
        FROM host_usage
        WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
        GROUP BY host
    )
SELECT
    toString(heard.host) AS host_id,
    if(told.hostname = '', host_id, told.hostname) AS host,
    toFloat64(dateDiff('second', until, max(until) OVER ())) AS silent_seconds
FROM heard
LEFT JOIN (SELECT host, argMax(hostname, seen) AS hostname FROM hosts GROUP BY host) AS told ON told.host = heard.host
ORDER BY host_id
