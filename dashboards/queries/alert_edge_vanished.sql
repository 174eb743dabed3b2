-- How steady an edge was that is no more: the share of minutes of the hour before its last in which it was there. It is
-- no more when 5 minutes have been told of its client's host without it, so that neither a silent host nor a late
-- map takes edges away, nor a collector that failed; and for 6 hours. Parameters: from, to in ms.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until,
    told AS
    (
        SELECT toString(host) AS host, max(seen) AS told_to
        FROM nodes WHERE hour >= toStartOfHour(since) AND seen < until GROUP BY host
    ),
    blind AS
    (
        SELECT toString(host) AS host, max(window) AS blind_to
        FROM host_usage FINAL
        WHERE window >= since AND window < until
            AND hasAny(mapKeys(failed), ['connections', 'owners', 'processes', 'listeners'])
        GROUP BY host
    ),
    there AS
    (
        SELECT
            toString(client_service) AS client,
            toString(if(server_service = '', server_address, server_service)) AS server,
            concat(transport, ' ', toString(server_port)) AS port,
            toString(argMax(client_host, minute)) AS host,
            groupUniqArray(minute) AS minutes,
            arrayMax(minutes) AS last
        FROM edges_1m FINAL
        WHERE minute >= since AND minute < until AND client_service != ''
        GROUP BY client, server, port
    )
SELECT client, server, port, toFloat64(arrayCount(at -> at > last - INTERVAL 1 HOUR, minutes) / 60) AS steadiness
FROM there
INNER JOIN told ON told.host = there.host
LEFT JOIN blind ON blind.host = there.host
WHERE last >= until - INTERVAL 6 HOUR AND greatest(last, blind_to) < least(told_to, until) - INTERVAL 5 MINUTE
ORDER BY steadiness DESC, client, server, port
LIMIT 100
