-- First of what follows WITH: `said`, rows of edges between processes in [from, to): from the roll-ups as far as they are
-- asked for, whole hours before whole minutes, and then from the windows. Parameters: from, to, hours_to, minutes_to, up to
-- where each roll-up is read, in ms; addresses and texts, of which an end has one in its address or in who it is, unless
-- `any` is 1.
-- include view_told
    window -> toUnixTimestamp64Milli(window) AS moment,
-- include view_concerns
    said AS
    (
        SELECT
            hour AS window,
            client, server, transport, server_port, rule,
            client_service, client_name, client_host, client_container,
            server_service, server_name, server_host, server_container,
            connections_opened, connections_active, connections_failed,
            client_sent_bytes, client_received_bytes, client_sent_segments, client_retransmits, client_rtt_us,
            server_sent_bytes, server_received_bytes, server_sent_segments, server_retransmits, server_rtt_us
        FROM edges_1h FINAL
        WHERE hour >= told[3] AND hour < told[4]
        UNION ALL
        SELECT
            minute AS window,
            client, server, transport, server_port, rule,
            client_service, client_name, client_host, client_container,
            server_service, server_name, server_host, server_container,
            connections_opened, connections_active, connections_failed,
            client_sent_bytes, client_received_bytes, client_sent_segments, client_retransmits, client_rtt_us,
            server_sent_bytes, server_received_bytes, server_sent_segments, server_retransmits, server_rtt_us
        FROM edges_1m FINAL
        WHERE minute >= told[4] AND minute < told[2]
        UNION ALL
        SELECT
            first AS window,
            client, server, transport, server_port, rule,
            client_service, client_name, client_host, client_container,
            server_service, server_name, server_host, server_container,
            connections_opened, connections_active, connections_failed,
            client_sent_bytes, client_received_bytes, client_sent_segments, client_retransmits, client_rtt_us,
            server_sent_bytes, server_received_bytes, server_sent_segments, server_retransmits, server_rtt_us
        FROM
        (
-- include map_windows
        )
    ),
