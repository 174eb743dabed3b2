-- The same as view_said_windows for long stretches: from the roll-ups as far as they go, whole hours before whole minutes.
-- Parameters: from, to in ms; hours_to, minutes_to, up to where each roll-up is read, in ms.
    said AS
    (
        SELECT
            hour AS window, client, server, transport, server_port, rule,
            client_service, client_name, client_host, client_container,
            server_service, server_name, server_host, server_container,
            connections_opened, connections_active, connections_failed,
            client_sent_bytes, client_received_bytes, client_sent_segments, client_retransmits, client_rtt_us,
            server_sent_bytes, server_received_bytes, server_sent_segments, server_retransmits, server_rtt_us
        FROM edges_1h FINAL
        WHERE hour >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND hour < fromUnixTimestamp64Milli(%(hours_to)s, 'UTC')
        UNION ALL
        SELECT
            minute AS window, client, server, transport, server_port, rule,
            client_service, client_name, client_host, client_container,
            server_service, server_name, server_host, server_container,
            connections_opened, connections_active, connections_failed,
            client_sent_bytes, client_received_bytes, client_sent_segments, client_retransmits, client_rtt_us,
            server_sent_bytes, server_received_bytes, server_sent_segments, server_retransmits, server_rtt_us
        FROM edges_1m FINAL
        WHERE minute >= fromUnixTimestamp64Milli(%(hours_to)s, 'UTC')
            AND minute < fromUnixTimestamp64Milli(%(minutes_to)s, 'UTC')
        UNION ALL
        SELECT
            window, client, server, transport, server_port, rule,
            client_service, client_name, client_host, client_container,
            server_service, server_name, server_host, server_container,
            connections_opened, connections_active, connections_failed,
            client_sent_bytes, client_received_bytes, client_sent_segments, client_retransmits, client_rtt_us,
            server_sent_bytes, server_received_bytes, server_sent_segments, server_retransmits, server_rtt_us
        FROM process_edges
        WHERE window >= fromUnixTimestamp64Milli(%(minutes_to)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
    ),
