-- `between`, a row a pair of processes and port, included after `pair`, rows of panel_edges, and map_requests: the sums of
-- a range, with what was asked over HTTP, and went wrong, and how long it took; 0 and empty where none is seen.
-- include panel_within
    asked AS
    (
        SELECT
            client, server, transport, server_port, sum(requests) AS asked_times, sum(errors) AS asked_wrong,
            sumMap(latency) AS sketch
        FROM requested
        GROUP BY client, server, transport, server_port
    ),
    between AS
    (
        SELECT *
        FROM
        (
            SELECT
                client, server, transport, server_port,
                max(pair.client_service) AS client_service, max(pair.server_service) AS server_service,
                max(pair.client_host) AS client_host, max(pair.server_host) AS server_host,
                max(pair.client_container) AS client_container, max(pair.server_container) AS server_container,
                any(pair.client_address) AS client_address, any(pair.server_address) AS server_address,
                groupUniqArray(pair.rule) AS rules_used,
                max(pair.seen_by_client) AS seen_by_client, max(pair.seen_by_server) AS seen_by_server,
                sum(pair.opened) AS opened, sum(pair.failed) AS failed, sum(pair.active_seconds) AS active_seconds,
                sum(pair.asked_bytes) AS asked_bytes, sum(pair.answered_bytes) AS answered_bytes,
                sum(pair.client_retransmits + pair.server_retransmits) AS retransmits,
                max(greatest(pair.client_rtt_us, pair.server_rtt_us)) AS rtt_us, min(at) AS first_at, max(at) AS last_at
            FROM pair
            GROUP BY client, server, transport, server_port
        ) AS carried
        LEFT JOIN asked USING (client, server, transport, server_port)
    ),
