-- Edges between addresses in [from, to), whatever processes are at them; columns and parameters as in map_edges.sql.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until,
    ['unknown', 'port', 'connected', 'listener', 'listener'] AS rules,
    flows AS
    (
        SELECT
            window, transport, verdict, width_ms AS width,
            bitTest(verdict, 0) AS b_serves,
            concat('address:', if(a_scope = '', '', concat(a_scope, '@')), a_address) AS a_id,
            concat('address:', if(b_scope = '', '', concat(b_scope, '@')), b_address) AS b_id,
            if(b_serves, a_id, b_id) AS client,
            if(b_serves, b_id, a_id) AS server,
            if(b_serves, b_port, a_port) AS server_port,
            if(b_serves, a_seen, b_seen) AS by_client, if(b_serves, b_seen, a_seen) AS by_server,
            if(by_client, if(b_serves, a_opened, b_opened), if(b_serves, b_opened, a_opened)) AS opened,
            if(by_client, if(b_serves, a_closed, b_closed), if(b_serves, b_closed, a_closed)) AS closed,
            greatest(a_failed, b_failed) AS failed,
            toUInt8(NOT (a_closed OR b_closed OR failed)) AS active,
            if(b_serves, a_sent_bytes, b_sent_bytes) AS c_sent_bytes,
            if(b_serves, a_received_bytes, b_received_bytes) AS c_received_bytes,
            if(b_serves, a_sent_segments, b_sent_segments) AS c_sent_segments,
            if(b_serves, a_received_segments, b_received_segments) AS c_received_segments,
            if(b_serves, a_retransmits, b_retransmits) AS c_retransmits,
            if(b_serves, a_rtt_us, b_rtt_us) AS c_rtt_us, if(b_serves, a_min_rtt_us, b_min_rtt_us) AS c_min_rtt_us,
            if(b_serves, b_sent_bytes, a_sent_bytes) AS s_sent_bytes,
            if(b_serves, b_received_bytes, a_received_bytes) AS s_received_bytes,
            if(b_serves, b_sent_segments, a_sent_segments) AS s_sent_segments,
            if(b_serves, b_received_segments, a_received_segments) AS s_received_segments,
            if(b_serves, b_retransmits, a_retransmits) AS s_retransmits,
            if(b_serves, b_rtt_us, a_rtt_us) AS s_rtt_us, if(b_serves, b_min_rtt_us, a_min_rtt_us) AS s_min_rtt_us,
            if(b_serves, a_host, b_host) AS c_host, if(b_serves, b_host, a_host) AS s_host,
            if(b_serves, a_service, b_service) AS c_service, if(b_serves, b_service, a_service) AS s_service
        FROM edges FINAL
        WHERE window >= since AND window < until AND (a_seen OR b_seen)
    ),
    windows AS
    (
        SELECT
            client, server, transport, server_port, window, max(width) AS width, max(verdict) AS verdict,
            max(by_client) AS by_client, max(by_server) AS by_server,
            sum(opened) AS opened, sum(closed) AS closed, sum(active) AS active, sum(failed) AS failed,
            sum(c_sent_bytes) AS c_sent_bytes, sum(c_received_bytes) AS c_received_bytes,
            sum(c_sent_segments) AS c_sent_segments, sum(c_received_segments) AS c_received_segments,
            sum(c_retransmits) AS c_retransmits, max(c_rtt_us) AS c_rtt_us,
            minIf(c_min_rtt_us, c_min_rtt_us > 0) AS c_min_rtt_us,
            sum(s_sent_bytes) AS s_sent_bytes, sum(s_received_bytes) AS s_received_bytes,
            sum(s_sent_segments) AS s_sent_segments, sum(s_received_segments) AS s_received_segments,
            sum(s_retransmits) AS s_retransmits, max(s_rtt_us) AS s_rtt_us,
            minIf(s_min_rtt_us, s_min_rtt_us > 0) AS s_min_rtt_us,
            max(c_host) AS c_host, max(s_host) AS s_host, max(c_service) AS c_service, max(s_service) AS s_service
        FROM flows
        GROUP BY client, server, transport, server_port, window
    ),
    named AS
    (
        SELECT host FROM hosts WHERE hostname = %(host)s
        UNION DISTINCT SELECT host FROM nodes WHERE hostname = %(host)s AND hour >= since - INTERVAL 2 HOUR AND hour < until
        UNION DISTINCT SELECT %(host)s
    )
SELECT
    client, server, transport, server_port,
    rules[intDiv(max(verdict), 2) + 1], toUnixTimestamp64Milli(min(window)), toUnixTimestamp64Milli(max(window)),
    max(by_client), max(by_server),
    sum(opened), sum(closed),
    if(max(window) + toIntervalMillisecond(3 * max(width)) >= (SELECT max(window) FROM windows), argMax(active, window), 0),
    sum(failed),
    sum(c_sent_bytes), sum(c_received_bytes), sum(c_sent_segments), sum(c_received_segments), sum(c_retransmits),
    max(c_rtt_us), minIf(c_min_rtt_us, c_min_rtt_us > 0),
    sum(s_sent_bytes), sum(s_received_bytes), sum(s_sent_segments), sum(s_received_segments), sum(s_retransmits),
    max(s_rtt_us), minIf(s_min_rtt_us, s_min_rtt_us > 0),
    '', 0, '', 0,
    arraySort(groupUniqArrayIf(c_host, c_host != '')), max(c_service), '', '',
    arraySort(groupUniqArrayIf(s_host, s_host != '')), max(s_service), '', ''
FROM windows
WHERE (%(service)s = '' OR c_service = %(service)s OR s_service = %(service)s)
    AND (%(host)s = '' OR c_host IN named OR s_host IN named)
GROUP BY client, server, transport, server_port
ORDER BY client, server, transport, server_port
