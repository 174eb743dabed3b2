-- For map_windows and map_addresses to include: the flows of [since, until) but for what `told` says the roll-ups tell, those
-- between the same two ends at the same `moment(window)` added up, if `concerns(…)` says that an end is asked for. Who is at
-- an end is one text until then, for that is quick, and then cut into parts. What is open is that in the last window, and
-- whoever adds up further takes the last of it.
            SELECT
                flows.*,
-- include map_ends
            FROM
            (
                SELECT
                    transport AS transport_, verdict AS verdict_, verdict %% 2 = 1 AS b_serves,
                    if(b_serves, b_port, a_port) AS port,
-- include map_unsaid
                    max(width_ms) AS width, min(window) AS first_, max(window) AS last_,
                    sum(if(if(b_serves, a_seen, b_seen) = b_serves, a_opened, b_opened)) AS opened,
                    sum(if(if(b_serves, a_seen, b_seen) = b_serves, a_closed, b_closed)) AS closed,
                    sumArgMax(NOT (a_closed OR b_closed OR a_failed OR b_failed), window) AS active,
                    sum(greatest(a_failed, b_failed)) AS failed, max(a_seen) AS a_seen_, max(b_seen) AS b_seen_,
                    sum(a_sent_bytes) AS a_sent_bytes_, sum(b_sent_bytes) AS b_sent_bytes_,
                    sum(a_received_bytes) AS a_received_bytes_, sum(b_received_bytes) AS b_received_bytes_,
                    sum(a_sent_segments) AS a_sent_segments_, sum(b_sent_segments) AS b_sent_segments_,
                    sum(a_received_segments) AS a_received_segments_, sum(b_received_segments) AS b_received_segments_,
                    sum(a_retransmits) AS a_retransmits_, sum(b_retransmits) AS b_retransmits_,
                    max(a_rtt_us) AS a_rtt_us_, max(b_rtt_us) AS b_rtt_us_,
                    minIf(a_min_rtt_us, a_min_rtt_us > 0) AS a_min_rtt_us_,
                    minIf(b_min_rtt_us, b_min_rtt_us > 0) AS b_min_rtt_us_
                FROM edges FINAL
                WHERE window >= since AND window < until AND (window < told[1] OR window >= told[2]) AND (a_seen OR b_seen)
                    AND concerns(a_who, a_address, b_who, b_address)
                GROUP BY
                    moment(window), transport_, verdict_, port, a_who, a_scope, a_address, b_who, b_scope, b_address,
                    unsaid, missed
            ) AS flows
-- include map_placed
