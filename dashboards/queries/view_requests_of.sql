-- Follows view_asked: the same as view_requests on the edges of a node. Parameters: node, an id.
SELECT
    c AS client, s AS server, transport, port AS server_port,
    sum(requests) AS requests, sum(errors) AS errors, sum(given_up) AS given_up, sumMap(latency) AS latency
FROM asked
WHERE c = %(node)s OR s = %(node)s
GROUP BY c, s, transport, port
