-- The share of HTTP requests that were answered 5xx or never, between two services in a range; an end without a service is
-- its host, or its address. Fewer than 10 requests, or than 5 of them that failed, say nothing yet; where only one of so
-- many connections is looked at, these are what was seen, not what it is scaled to. The 100 worst are told.
-- Parameters: from, to in ms.
WITH
-- include panel_hostnames
    (service, host, node) ->
        if(service != '', toString(service), titled(if(host = '', toString(node), concat('host:', host)))) AS known_as
SELECT client_name AS client, server_name AS server, port, toFloat64(failed / asked) AS failed_share
FROM
(
    SELECT
        known_as(client_service, client_host, client) AS client_name,
        known_as(server_service, server_host, server) AS server_name,
        concat(transport, ' ', toString(server_port)) AS port,
        sum(requests) AS asked, sum(errors) AS failed,
        sum(requests / sampling) AS asked_seen, sum(errors / sampling) AS failed_seen
    FROM process_requests
    WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
    GROUP BY client_name, server_name, port
)
WHERE asked_seen >= 10 AND failed_seen >= 5
ORDER BY failed_share DESC, client, server, port
LIMIT 100
