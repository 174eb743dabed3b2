-- The same as view_said between addresses, whatever processes are at them. No roll-up tells of addresses.
-- Parameters: from, to in ms; any, addresses and texts as in view_said.
-- include view_concerns
    said AS
    (
        WITH
            bitTest(verdict, 0) AS b_serves,
            concat('address:', if(a_scope = '', '', concat(a_scope, '@')), a_address) AS a_id,
            concat('address:', if(b_scope = '', '', concat(b_scope, '@')), b_address) AS b_id
        SELECT
            window, if(b_serves, a_id, b_id) AS client, if(b_serves, b_id, a_id) AS server, transport,
            if(b_serves, b_port, a_port) AS server_port,
            ['unknown', 'port', 'connected', 'connected', 'listener', 'listener'][intDiv(verdict, 2) + 1] AS rule,
            '' AS client_service, '' AS client_name, if(b_serves, a_host, b_host) AS client_host, '' AS client_container,
            '' AS server_service, '' AS server_name, if(b_serves, b_host, a_host) AS server_host, '' AS server_container,
            if(if(b_serves, a_seen, b_seen) = b_serves, a_opened, b_opened) AS connections_opened,
            toUInt8(NOT (a_closed OR b_closed OR a_failed OR b_failed)) AS connections_active,
            greatest(a_failed, b_failed) AS connections_failed,
            if(b_serves, a_sent_bytes, b_sent_bytes) AS client_sent_bytes,
            if(b_serves, a_received_bytes, b_received_bytes) AS client_received_bytes,
            if(b_serves, a_sent_segments, b_sent_segments) AS client_sent_segments,
            if(b_serves, a_retransmits, b_retransmits) AS client_retransmits,
            if(b_serves, a_rtt_us, b_rtt_us) AS client_rtt_us,
            if(b_serves, b_sent_bytes, a_sent_bytes) AS server_sent_bytes,
            if(b_serves, b_received_bytes, a_received_bytes) AS server_received_bytes,
            if(b_serves, b_sent_segments, a_sent_segments) AS server_sent_segments,
            if(b_serves, b_retransmits, a_retransmits) AS server_retransmits,
            if(b_serves, b_rtt_us, a_rtt_us) AS server_rtt_us
        FROM edges FINAL
        WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
            AND (a_seen OR b_seen) AND concerns(a_who, a_address, b_who, b_address)
    ),
