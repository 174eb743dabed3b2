-- Follows view_asked: requests, errors, what clients gave up, and the sketch of their latency (schemas/latency.py) on every edge.
SELECT
    c AS client, s AS server, transport, port AS server_port,
    sum(requests) AS requests, sum(errors) AS errors, sum(given_up) AS given_up, sumMap(latency) AS latency
FROM asked
GROUP BY c, s, transport, port
