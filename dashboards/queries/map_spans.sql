-- For other queries to include, after WITH: `spans`, the edges between processes in [from, to), each row of a window, a
-- minute or an hour. Whole hours and minutes come from the roll-ups, up to the newest that are told; what is left at
-- both ends comes from the windows themselves, so that nothing is missing and nothing counts twice.
-- Parameters: from, to in ms.
-- include map_told
    spans AS
    (
        SELECT * EXCEPT (hour, version, gone) FROM edges_1h FINAL
        WHERE hour >= told[3] AND hour < told[4]
        UNION ALL
        SELECT * EXCEPT (minute, version, gone) FROM edges_1m FINAL
        WHERE minute >= told[1] AND minute < told[2] AND (minute < told[3] OR minute >= told[4])
        UNION ALL
        SELECT
            client, server, transport, server_port, width_ms, window AS first, window AS last, rule, client_service,
            client_name, client_host, client_container, client_provenance, client_address, client_tied,
            server_service, server_name, server_host, server_container, server_provenance, server_address,
            server_tied, connections_opened, connections_closed, connections_active, connections_failed,
            client_sent_bytes, client_received_bytes, client_sent_segments, client_received_segments,
            client_retransmits, client_rtt_us, client_min_rtt_us, server_sent_bytes, server_received_bytes,
            server_sent_segments, server_received_segments, server_retransmits, server_rtt_us, server_min_rtt_us,
            seen_by_client, seen_by_server
        FROM process_edges
        WHERE window >= since AND window < until AND (window < told[1] OR window >= told[2])
    ),
