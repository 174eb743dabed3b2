-- When what is stored begins (ms since the epoch, 0 for nothing), and whether any of it is of [from, to).
-- Parameters: from, to in ms.
WITH
    fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC') AS since,
    fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC') AS until,
    arrayFilter(time -> toUnixTimestamp64Milli(time) > 0, [
        (SELECT min(window) FROM edges), (SELECT min(window) FROM host_usage),
        (SELECT min(first) FROM edges_1m WHERE minute = (SELECT min(minute) FROM edges_1m)),
        (SELECT min(first) FROM edges_1h WHERE hour = (SELECT min(hour) FROM edges_1h))]) AS begins
SELECT
    if(empty(begins), 0, toUnixTimestamp64Milli(arrayMin(begins))) AS begin,
    (SELECT count() FROM host_usage WHERE window < until AND window + toIntervalMillisecond(width_ms) > since)
        + (SELECT count() FROM edges_1m WHERE minute < until AND minute + INTERVAL 1 MINUTE > since)
        + (SELECT count() FROM edges_1h WHERE hour < until AND hour + INTERVAL 1 HOUR > since) > 0 AS covers
