-- Edges between processes in a range, included after panel_clock: hours and minutes of the roll-ups as far as those are
-- told and the points are as wide, else windows. What both sides count is here the greater of the two, for what a side
-- did not see is 0. What was open in the last window of a minute or hour stands for all of it.
-- include panel_told
    window -> toUnixTimestamp64Milli(window) AS moment,
    (a_who, a_address, b_who, b_address) -> 1 AS concerns,
    pairs AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(begins), step) * step AS at,
            client, server, transport, server_port,
            client_service, client_host, client_container, client_address,
            server_service, server_host, server_container, server_address, rule,
            connections_opened AS opened, connections_closed AS closed, connections_failed AS failed,
            connections_active * least(stands_ms, range_to - toUnixTimestamp64Milli(begins)) / 1000 AS active_seconds,
            client_sent_bytes, client_received_bytes, server_sent_bytes, server_received_bytes,
            client_sent_segments, server_sent_segments, client_retransmits, server_retransmits,
            greatest(client_sent_bytes, server_received_bytes) AS asked_bytes,
            greatest(client_received_bytes, server_sent_bytes) AS answered_bytes,
            client_rtt_us, server_rtt_us, client_min_rtt_us, server_min_rtt_us,
            seen_by_client, seen_by_server
        FROM
        (
            SELECT hour AS begins, toInt64(3600000) AS stands_ms, * EXCEPT (hour, width_ms, first, last, version, gone, client_out_of_order_segments, server_out_of_order_segments)
            FROM edges_1h FINAL WHERE hour >= since AND hour < no_hour
            UNION ALL
            SELECT minute AS begins, toInt64(60000) AS stands_ms, * EXCEPT (minute, width_ms, first, last, version, gone, client_out_of_order_segments, server_out_of_order_segments)
            FROM edges_1m FINAL WHERE minute >= no_hour AND minute < no_minute
            UNION ALL
            SELECT first AS begins, toInt64(width_ms) AS stands_ms, * EXCEPT (width_ms, first, last)
            FROM
            (
-- include map_windows
            )
        )
    ),
