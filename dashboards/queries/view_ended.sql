-- Follows view_said or view_said_addresses: `ended`, the same rows with their ends `c` (client) and `s` (server) as nodes of
-- a level; `active` is what was open when the window ended.
-- Parameters: level.
-- include map_level
    ended AS
    (
        SELECT
            toUnixTimestamp64Milli(window) AS at, rule,
            at_level(client, client_service, client_host, client_container) AS c,
            at_level(server, server_service, server_host, server_container) AS s,
            transport, server_port AS port,
            client_host AS c_host, client_service AS c_service, client_name AS c_name, client_container AS c_container,
            server_host AS s_host, server_service AS s_service, server_name AS s_name, server_container AS s_container,
            connections_opened AS opened, connections_active AS active, connections_failed AS failed,
            client_sent_bytes AS c_sent, client_received_bytes AS c_received, client_sent_segments AS c_segments,
            client_retransmits AS c_retransmits, client_rtt_us AS c_rtt_us,
            server_sent_bytes AS s_sent, server_received_bytes AS s_received, server_sent_segments AS s_segments,
            server_retransmits AS s_retransmits, server_rtt_us AS s_rtt_us
        FROM said
    ),
