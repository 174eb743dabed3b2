-- The share of connections that failed, between two services in a range: of those that the client opened, or that
-- failed if these are more. Fewer than 5 failures say nothing yet; the 100 worst are told.
-- Parameters: from, to in ms.
SELECT
    client_title AS client,
    server_title AS server,
    concat(transport, ' ', toString(server_port)) AS port,
    toFloat64(sum(connections_failed) / greatest(sum(connections_opened), sum(connections_failed))) AS failed_share
FROM service_edges
WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
GROUP BY client_title, server_title, port
HAVING sum(connections_failed) >= 5
ORDER BY failed_share DESC, client, server, port
LIMIT 100
