-- Who talks to a critical service since less than an hour ago and never did before in the range, and for how many hours
-- the service's host had been watched by then: what is new on a host that is itself new is not told.
-- A host names its critical services in its label `critical`, with commas between them; * is every service on it.
-- Clients without a service are told by their address; those that no private network holds are one, `internet`.
-- Parameters: from, to in ms.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until,
    marked AS
    (
        SELECT host, trimBoth(arrayJoin(splitByChar(',', argMax(labels, seen)['critical']))) AS service
        FROM hosts GROUP BY host
    ),
    edges_known AS
    (
        SELECT
            client_service, client_address, server_service, server_host, transport, server_port,
            min(first) AS first_seen
        FROM
        (
            SELECT client_service, client_address, server_service, server_host, transport, server_port, first
            FROM edges_1h FINAL WHERE hour >= since AND hour < until
            UNION ALL
            SELECT client_service, client_address, server_service, server_host, transport, server_port, first
            FROM edges_1m FINAL WHERE minute >= greatest(since, until - INTERVAL 3 HOUR) AND minute < until
        )
        WHERE server_host IN (SELECT host FROM marked WHERE service != '')
        GROUP BY client_service, client_address, server_service, server_host, transport, server_port
    ),
    watched AS (SELECT server_host AS host, min(first_seen) AS beginning FROM edges_known GROUP BY host)
SELECT
    multiIf(
        client_service != '', toString(client_service),
        arrayExists(net -> isIPAddressInRange(if(client_address = '', '::', toString(client_address)), net), [
            '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', '127.0.0.0/8',
            'fc00::/7', 'fe80::/10', '::1/128', '::/128']), toString(client_address),
        'internet') AS client,
    toString(server_service) AS server,
    concat(transport, ' ', toString(server_port)) AS port,
    toFloat64(min(dateDiff('second', beginning, edges_known.first_seen)) / 3600) AS watched_hours
FROM edges_known
INNER JOIN watched ON watched.host = server_host
WHERE server_service != ''
    AND ((server_host, server_service) IN (SELECT host, service FROM marked)
        OR (server_host, '*') IN (SELECT host, service FROM marked))
GROUP BY client, server, port
HAVING min(edges_known.first_seen) >= until - INTERVAL 1 HOUR
ORDER BY watched_hours DESC, client, server, port
LIMIT 100
