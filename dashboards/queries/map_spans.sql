-- For other queries to include, after WITH: `spans`, the edges between processes in [from, to), each row of a window, a
-- minute or an hour. Whole hours and minutes come from the roll-ups, up to the newest that are told; what is left at
-- both ends comes from the windows themselves, so that nothing is missing and nothing counts twice.
-- Parameters: from, to in ms.
    toInt64(%(from)s) AS from_ms,
    toInt64(%(to)s) AS to_ms,
    fromUnixTimestamp64Milli(from_ms, 'UTC') AS since,
    fromUnixTimestamp64Milli(to_ms, 'UTC') AS until,
    (SELECT toUnixTimestamp64Milli(max(minute)) + 60000 FROM edges_1m) AS minutes_told,
    (SELECT toUnixTimestamp64Milli(max(hour)) + 3600000 FROM edges_1h) AS hours_told,
    intDiv(from_ms + 59999, 60000) * 60000 AS minutes_from,
    greatest(minutes_from, least(intDiv(to_ms, 60000) * 60000, minutes_told)) AS minutes_to,
    intDiv(minutes_from + 3599999, 3600000) * 3600000 AS hours_from,
    greatest(hours_from, least(intDiv(minutes_to, 3600000) * 3600000, hours_told)) AS hours_to,
    fromUnixTimestamp64Milli(minutes_from, 'UTC') AS first_minute,
    fromUnixTimestamp64Milli(minutes_to, 'UTC') AS no_minute,
    fromUnixTimestamp64Milli(hours_from, 'UTC') AS first_hour,
    fromUnixTimestamp64Milli(hours_to, 'UTC') AS no_hour,
    spans AS
    (
        SELECT * EXCEPT (hour, version, gone) FROM edges_1h FINAL
        WHERE hour >= first_hour AND hour < no_hour
        UNION ALL
        SELECT * EXCEPT (minute, version, gone) FROM edges_1m FINAL
        WHERE minute >= first_minute AND minute < no_minute AND (minute < first_hour OR minute >= no_hour)
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
        WHERE window >= since AND window < until AND (window < first_minute OR window >= no_minute)
    ),
