-- The pairs of processes that an edge is made of, by what they sent each other in a range; requests, errors and latency
-- are of HTTP, as in edge_top, and NULL where none is seen.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_edges
-- include map_requests
-- include panel_level
-- include panel_edge
-- include panel_between
    recorded_seconds AS elapsed
SELECT
    client AS client_process, called(client_host) AS client_on,
    server AS server_process, called(server_host) AS server_on, toString(server_port) AS on_port,
    nullIf(asked_times / elapsed, 0) AS requests, asked_wrong / nullIf(asked_times, 0) AS errors,
    within_ms(mapKeys(sketch), arrayCumSum(mapValues(sketch)), 0.95) AS latency,
    toFloat64(opened / elapsed) AS connections, toFloat64(failed) AS failures,
    toFloat64(asked_bytes / elapsed) AS asked, toFloat64(answered_bytes / elapsed) AS answered,
    toFloat64(retransmits) AS again, toFloat64(rtt_us) AS rtt
FROM between
ORDER BY asked + answered DESC, client_process, server_process, on_port
LIMIT 200
