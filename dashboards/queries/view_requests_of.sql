-- Follows view_asked: the same as view_requests on the edges of a node. Parameters: node, an id.
SELECT c, s, transport, port, sum(requests), sum(errors), sum(given_up), sumMap(latency)
FROM asked
WHERE c = %(node)s OR s = %(node)s
GROUP BY c, s, transport, port
