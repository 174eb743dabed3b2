-- Edges between addresses in [from, to), whatever processes are at them; columns and parameters as in map_edges.sql.
WITH
    fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC') AS since,
    fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC') AS until,
    [until, until] AS told,  -- no roll-up tells of addresses
    window -> toUInt8(0) AS moment,
    (a_who, a_address, b_who, b_address) -> 1 AS concerns,
    ['unknown', 'port', 'connected', 'connected', 'listener', 'listener'] AS rules,
    ends AS
    (
        SELECT
            concat('address:', if(a_scope = '', '', concat(a_scope, '@')), a_address) AS a_address_id,
            concat('address:', if(b_scope = '', '', concat(b_scope, '@')), b_address) AS b_address_id,
            if(b_serves, a_address_id, b_address_id) AS client, if(b_serves, b_address_id, a_address_id) AS server,
            if(b_serves, [whom[1][2], whom[1][4]], [whom[2][2], whom[2][4]]) AS c,
            if(b_serves, [whom[2][2], whom[2][4]], [whom[1][2], whom[1][4]]) AS s, *
        FROM
        (
-- include map_flows
        )
    ),
    pairs AS
    (
        SELECT
            client, server, transport_ AS transport, port AS server_port,
            max(verdict_) AS decided, min(first_) AS begun, max(last_) AS ended, max(width) AS width_,
            max(if(b_serves, a_seen_, b_seen_)) AS by_client, max(if(b_serves, b_seen_, a_seen_)) AS by_server,
            sum(opened) AS opened_, sum(closed) AS closed_, sumArgMax(active, last_) AS active_, sum(failed) AS failed_,
            sum(if(b_serves, a_sent_bytes_, b_sent_bytes_)) AS c_sent_bytes,
            sum(if(b_serves, a_received_bytes_, b_received_bytes_)) AS c_received_bytes,
            sum(if(b_serves, a_sent_segments_, b_sent_segments_)) AS c_sent_segments,
            sum(if(b_serves, a_received_segments_, b_received_segments_)) AS c_received_segments,
            sum(if(b_serves, a_retransmits_, b_retransmits_)) AS c_retransmits,
            max(if(b_serves, a_rtt_us_, b_rtt_us_)) AS c_rtt_us,
            minIf(if(b_serves, a_min_rtt_us_, b_min_rtt_us_) AS c_min, c_min > 0) AS c_min_rtt_us,
            sum(if(b_serves, b_sent_bytes_, a_sent_bytes_)) AS s_sent_bytes,
            sum(if(b_serves, b_received_bytes_, a_received_bytes_)) AS s_received_bytes,
            sum(if(b_serves, b_sent_segments_, a_sent_segments_)) AS s_sent_segments,
            sum(if(b_serves, b_received_segments_, a_received_segments_)) AS s_received_segments,
            sum(if(b_serves, b_retransmits_, a_retransmits_)) AS s_retransmits,
            max(if(b_serves, b_rtt_us_, a_rtt_us_)) AS s_rtt_us,
            minIf(if(b_serves, b_min_rtt_us_, a_min_rtt_us_) AS s_min, s_min > 0) AS s_min_rtt_us,
            arraySort(groupUniqArrayIf(c[1], c[1] != '')) AS c_hosts, groupUniqArray(c[2]) AS c_services,
            arraySort(groupUniqArrayIf(s[1], s[1] != '')) AS s_hosts, groupUniqArray(s[2]) AS s_services,
            max(max(last_)) OVER () AS newest
        FROM ends
        GROUP BY client, server, transport, server_port
    ),
    named AS
    (
        SELECT host FROM hosts WHERE hostname = %(host)s
        UNION DISTINCT SELECT host FROM nodes WHERE hostname = %(host)s AND hour >= since - INTERVAL 2 HOUR AND hour < until
        UNION DISTINCT SELECT %(host)s
    )
SELECT
    client, server, transport, server_port,
    rules[intDiv(decided, 2) + 1] AS rule,
    toUnixTimestamp64Milli(begun) AS first, toUnixTimestamp64Milli(ended) AS last,
    by_client AS seen_by_client, by_server AS seen_by_server,
    opened_ AS connections_opened, closed_ AS connections_closed,
    if(ended + toIntervalMillisecond(3 * width_) >= newest, active_, 0) AS connections_active,
    failed_ AS connections_failed,
    c_sent_bytes AS client_sent_bytes, c_received_bytes AS client_received_bytes,
    c_sent_segments AS client_sent_segments, c_received_segments AS client_received_segments,
    c_retransmits AS client_retransmits, c_rtt_us AS client_rtt_us, c_min_rtt_us AS client_min_rtt_us,
    s_sent_bytes AS server_sent_bytes, s_received_bytes AS server_received_bytes,
    s_sent_segments AS server_sent_segments, s_received_segments AS server_received_segments,
    s_retransmits AS server_retransmits, s_rtt_us AS server_rtt_us, s_min_rtt_us AS server_min_rtt_us,
    '' AS client_provenance, 0 AS client_tied, '' AS server_provenance, 0 AS server_tied,
    c_hosts AS client_hosts, arrayMax(c_services) AS client_service, '' AS client_name, '' AS client_container,
    s_hosts AS server_hosts, arrayMax(s_services) AS server_service, '' AS server_name, '' AS server_container
FROM pairs
WHERE (%(service)s = '' OR has(c_services, %(service)s) OR has(s_services, %(service)s))
    AND (%(host)s = '' OR hasAny(arrayConcat(c_hosts, s_hosts), (SELECT groupArray(toString(host)) FROM named)))
ORDER BY client, server, transport, server_port
