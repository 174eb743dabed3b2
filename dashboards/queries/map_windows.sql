-- Edges between processes read from the windows, the columns of a roll-up: a row is told of all windows of one `moment`, and
-- where that is the window, `first` is it. Two rows may tell of the same edge, for who is at its ends may be known in two
-- ways; process_edges, which is for people and for the roll-ups, adds these up too and takes three times as long.
-- Included where `since`, `until`, `told`, `moment` and `concerns` are known: map_flows says what they are.
        SELECT
            if(b_serves, whom[1][9], whom[2][9]) AS client, if(b_serves, whom[2][9], whom[1][9]) AS server, transport_ AS transport,
            port AS server_port, width AS width_ms, first_ AS first, last_ AS last,
            ['unknown', 'port', 'connected', 'connected', 'listener', 'listener'][intDiv(verdict_, 2) + 1] AS rule,
            if(b_serves, whom[1][4], whom[2][4]) AS client_service,
            if(b_serves, whom[1][5], whom[2][5]) AS client_name,
            if(b_serves, whom[1][2], whom[2][2]) AS client_host,
            if(b_serves, whom[1][6], whom[2][6]) AS client_container,
            if(b_serves, whom[1][7], whom[2][7]) AS client_provenance,
            if(b_serves, a_address, b_address) AS client_address,
            toUInt8(if(b_serves, whom[1][8], whom[2][8]) = '1') AS client_tied,
            if(b_serves, whom[2][4], whom[1][4]) AS server_service,
            if(b_serves, whom[2][5], whom[1][5]) AS server_name,
            if(b_serves, whom[2][2], whom[1][2]) AS server_host,
            if(b_serves, whom[2][6], whom[1][6]) AS server_container,
            if(b_serves, whom[2][7], whom[1][7]) AS server_provenance,
            if(b_serves, b_address, a_address) AS server_address,
            toUInt8(if(b_serves, whom[2][8], whom[1][8]) = '1') AS server_tied,
            opened AS connections_opened, closed AS connections_closed, active AS connections_active,
            failed AS connections_failed,
            if(b_serves, a_sent_bytes_, b_sent_bytes_) AS client_sent_bytes,
            if(b_serves, a_received_bytes_, b_received_bytes_) AS client_received_bytes,
            if(b_serves, a_sent_segments_, b_sent_segments_) AS client_sent_segments,
            if(b_serves, a_received_segments_, b_received_segments_) AS client_received_segments,
            if(b_serves, a_retransmits_, b_retransmits_) AS client_retransmits,
            if(b_serves, a_rtt_us_, b_rtt_us_) AS client_rtt_us,
            if(b_serves, a_min_rtt_us_, b_min_rtt_us_) AS client_min_rtt_us,
            if(b_serves, b_sent_bytes_, a_sent_bytes_) AS server_sent_bytes,
            if(b_serves, b_received_bytes_, a_received_bytes_) AS server_received_bytes,
            if(b_serves, b_sent_segments_, a_sent_segments_) AS server_sent_segments,
            if(b_serves, b_received_segments_, a_received_segments_) AS server_received_segments,
            if(b_serves, b_retransmits_, a_retransmits_) AS server_retransmits,
            if(b_serves, b_rtt_us_, a_rtt_us_) AS server_rtt_us,
            if(b_serves, b_min_rtt_us_, a_min_rtt_us_) AS server_min_rtt_us,
            if(b_serves, a_seen_, b_seen_) AS seen_by_client, if(b_serves, b_seen_, a_seen_) AS seen_by_server
        FROM
        (
-- include map_flows
        )
