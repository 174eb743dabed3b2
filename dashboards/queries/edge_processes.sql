-- The pairs of processes that an edge is made of, by what they sent each other in a range.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_edges
-- include panel_level
-- include panel_edge
    range_seconds AS elapsed
SELECT
    pair.client AS client_process, called(max(client_host)) AS client_on,
    pair.server AS server_process, called(max(server_host)) AS server_on, toString(server_port) AS on_port,
    toFloat64(sum(opened) / elapsed) AS connections, toFloat64(sum(failed)) AS failures,
    toFloat64(sum(asked_bytes) / elapsed) AS asked, toFloat64(sum(answered_bytes) / elapsed) AS answered,
    toFloat64(sum(client_retransmits + server_retransmits)) AS again,
    toFloat64(max(greatest(client_rtt_us, server_rtt_us))) AS rtt
FROM pair
GROUP BY client_process, server_process, transport, server_port
ORDER BY asked + answered DESC, client_process, server_process, on_port
LIMIT 200
