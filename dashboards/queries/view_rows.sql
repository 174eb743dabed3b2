-- Included after WITH: `ended`, rows of the windows in [from, to) with the ends `c` (client) and `s` (server) as nodes of
-- a level, and what each saw of their connections; `active` is what was open when the window ended.
-- Parameters: level; from, to in ms.
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until,
    ended AS
    (
        SELECT
            window AS at, width_ms AS width,
            multiIf(
                %(level)s = 'process', client,
                %(level)s = 'service' AND client_service != '', concat('service:', client_service),
                %(level)s = 'container' AND client_container != '', concat('container:', client_host, ':', client_container),
                %(level)s IN ('container', 'host') AND client_host != '', concat('host:', client_host),
                client) AS c,
            multiIf(
                %(level)s = 'process', server,
                %(level)s = 'service' AND server_service != '', concat('service:', server_service),
                %(level)s = 'container' AND server_container != '', concat('container:', server_host, ':', server_container),
                %(level)s IN ('container', 'host') AND server_host != '', concat('host:', server_host),
                server) AS s,
            client AS c_process, server AS s_process, transport, server_port AS port,
            client_host AS c_host, client_service AS c_service, client_name AS c_name, client_container AS c_container,
            server_host AS s_host, server_service AS s_service, server_name AS s_name, server_container AS s_container,
            connections_opened AS opened, connections_active AS active, connections_failed AS failed,
            client_sent_bytes AS c_sent, client_received_bytes AS c_received, client_sent_segments AS c_segments,
            client_retransmits AS c_retransmits, client_rtt_us AS c_rtt_us,
            server_sent_bytes AS s_sent, server_received_bytes AS s_received, server_sent_segments AS s_segments,
            server_retransmits AS s_retransmits, server_rtt_us AS s_rtt_us
        FROM process_edges
        WHERE %(level)s != 'address' AND window >= since AND window < until
        UNION ALL
        SELECT
            window AS at, width_ms AS width,
            concat('address:', if(bitTest(verdict, 0), a_at, b_at)) AS c,
            concat('address:', if(bitTest(verdict, 0), b_at, a_at)) AS s,
            c AS c_process, s AS s_process, transport, if(bitTest(verdict, 0), b_port, a_port) AS port,
            if(bitTest(verdict, 0), a_host, b_host) AS c_host, '' AS c_service, '' AS c_name, '' AS c_container,
            if(bitTest(verdict, 0), b_host, a_host) AS s_host, '' AS s_service, '' AS s_name, '' AS s_container,
            greatest(a_opened, b_opened) AS opened,
            toUInt8(NOT (a_closed OR b_closed OR a_failed OR b_failed)) AS active,
            greatest(a_failed, b_failed) AS failed,
            if(bitTest(verdict, 0), a_sent_bytes, b_sent_bytes) AS c_sent,
            if(bitTest(verdict, 0), a_received_bytes, b_received_bytes) AS c_received,
            if(bitTest(verdict, 0), a_sent_segments, b_sent_segments) AS c_segments,
            if(bitTest(verdict, 0), a_retransmits, b_retransmits) AS c_retransmits,
            if(bitTest(verdict, 0), a_rtt_us, b_rtt_us) AS c_rtt_us,
            if(bitTest(verdict, 0), b_sent_bytes, a_sent_bytes) AS s_sent,
            if(bitTest(verdict, 0), b_received_bytes, a_received_bytes) AS s_received,
            if(bitTest(verdict, 0), b_sent_segments, a_sent_segments) AS s_segments,
            if(bitTest(verdict, 0), b_retransmits, a_retransmits) AS s_retransmits,
            if(bitTest(verdict, 0), b_rtt_us, a_rtt_us) AS s_rtt_us
        FROM
        (
            SELECT
                *, a_host, b_host,
                if(a_scope = '', a_address, concat(a_scope, '@', a_address)) AS a_at,
                if(b_scope = '', b_address, concat(b_scope, '@', b_address)) AS b_at
            FROM edges FINAL
            WHERE %(level)s = 'address' AND window >= since AND window < until AND (a_seen OR b_seen)
        )
    ),
