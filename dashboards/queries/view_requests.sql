-- Follows view_asked: requests, errors, what clients gave up, and the sketch of their latency (schemas/latency.py) on every edge.
SELECT c, s, transport, port, sum(requests), sum(errors), sum(given_up), sumMap(latency)
FROM asked
GROUP BY c, s, transport, port
