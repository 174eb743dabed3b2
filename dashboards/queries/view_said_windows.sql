-- First of what follows WITH: `said`, rows of edges between processes in the windows of [from, to).
-- Parameters: from, to in ms.
    said AS
    (
        SELECT
            window, client, server, transport, server_port, rule,
            client_service, client_name, client_host, client_container,
            server_service, server_name, server_host, server_container,
            connections_opened, connections_active, connections_failed,
            client_sent_bytes, client_received_bytes, client_sent_segments, client_retransmits, client_rtt_us,
            server_sent_bytes, server_received_bytes, server_sent_segments, server_retransmits, server_rtt_us
        FROM process_edges
        WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
    ),
