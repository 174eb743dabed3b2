-- Edges between processes in a range, included after panel_clock. What both sides count is here the greater of the
-- two, for what a side did not see is 0.
    pairs AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(window), step) * step AS at,
            client, server, transport, server_port,
            client_service, client_host, client_container, client_address,
            server_service, server_host, server_container, server_address, rule,
            connections_opened AS opened, connections_closed AS closed, connections_failed AS failed,
            connections_active * width_ms / 1000 AS active_seconds,
            client_sent_bytes, client_received_bytes, server_sent_bytes, server_received_bytes,
            client_sent_segments, server_sent_segments, client_retransmits, server_retransmits,
            greatest(client_sent_bytes, server_received_bytes) AS asked_bytes,
            greatest(client_received_bytes, server_sent_bytes) AS answered_bytes,
            client_rtt_us, server_rtt_us, client_min_rtt_us, server_min_rtt_us,
            seen_by_client, seen_by_server
        FROM process_edges
        WHERE window >= since AND window < until
    ),
