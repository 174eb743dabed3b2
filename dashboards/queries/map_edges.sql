-- Edges of the windows in [from, to) at a level: process, service, container or host.
-- Parameters: level; from, to in ms; service and host (id or name), "" for any.
-- connections_active is what was open in the last window of each pair of processes; a pair not heard of in the last
-- windows of the range has none, for its host may have died without a word.
-- The setting lets the time choose rows before FINAL merges them.
WITH
-- include map_spans
-- include map_level
    ['unknown', 'port', 'connected', 'listener'] AS rules,
    pairs AS
    (
        SELECT
            client AS client_, server AS server_, transport, server_port,
            max(indexOf(rules, rule)) AS rule_, min(first) AS first_, max(last) AS last_, max(width_ms) AS width,
            max(seen_by_client) AS by_client, max(seen_by_server) AS by_server,
            sum(connections_opened) AS opened, sum(connections_closed) AS closed,
            sumArgMax(connections_active, last) AS active, sum(connections_failed) AS failed,
            sum(client_sent_bytes) AS c_sent_bytes, sum(client_received_bytes) AS c_received_bytes,
            sum(client_sent_segments) AS c_sent_segments, sum(client_received_segments) AS c_received_segments,
            sum(client_retransmits) AS c_retransmits, max(client_rtt_us) AS c_rtt_us,
            minIf(client_min_rtt_us, client_min_rtt_us > 0) AS c_min_rtt_us,
            sum(server_sent_bytes) AS s_sent_bytes, sum(server_received_bytes) AS s_received_bytes,
            sum(server_sent_segments) AS s_sent_segments, sum(server_received_segments) AS s_received_segments,
            sum(server_retransmits) AS s_retransmits, max(server_rtt_us) AS s_rtt_us,
            minIf(server_min_rtt_us, server_min_rtt_us > 0) AS s_min_rtt_us,
            max(client_provenance) AS c_provenance, max(client_tied) AS c_tied,
            max(server_provenance) AS s_provenance, max(server_tied) AS s_tied,
            max(client_host) AS c_host, max(client_service) AS c_service,
            max(client_name) AS c_name, max(client_container) AS c_container,
            max(server_host) AS s_host, max(server_service) AS s_service,
            max(server_name) AS s_name, max(server_container) AS s_container,
            max(max(last)) OVER () AS newest
        FROM spans
        GROUP BY client_, server_, transport, server_port
    ),
    named AS
    (
        SELECT host FROM hosts WHERE hostname = %(host)s
        UNION DISTINCT SELECT host FROM nodes WHERE hostname = %(host)s AND hour >= since - INTERVAL 2 HOUR AND hour < until
        UNION DISTINCT SELECT %(host)s
    )
SELECT
    at_level(client_, c_service, c_host, c_container) AS client,
    at_level(server_, s_service, s_host, s_container) AS server,
    transport, server_port,
    rules[max(rule_)] AS rule,
    toUnixTimestamp64Milli(min(first_)) AS first, toUnixTimestamp64Milli(max(last_)) AS last,
    max(by_client) AS seen_by_client, max(by_server) AS seen_by_server,
    sum(opened) AS connections_opened, sum(closed) AS connections_closed,
    sumIf(active, last_ + toIntervalMillisecond(3 * width) >= newest) AS connections_active,
    sum(failed) AS connections_failed,
    sum(c_sent_bytes) AS client_sent_bytes, sum(c_received_bytes) AS client_received_bytes,
    sum(c_sent_segments) AS client_sent_segments, sum(c_received_segments) AS client_received_segments,
    sum(c_retransmits) AS client_retransmits, max(c_rtt_us) AS client_rtt_us,
    minIf(c_min_rtt_us, c_min_rtt_us > 0) AS client_min_rtt_us,
    sum(s_sent_bytes) AS server_sent_bytes, sum(s_received_bytes) AS server_received_bytes,
    sum(s_sent_segments) AS server_sent_segments, sum(s_received_segments) AS server_received_segments,
    sum(s_retransmits) AS server_retransmits, max(s_rtt_us) AS server_rtt_us,
    minIf(s_min_rtt_us, s_min_rtt_us > 0) AS server_min_rtt_us,
    max(c_provenance) AS client_provenance, max(c_tied) AS client_tied,
    max(s_provenance) AS server_provenance, max(s_tied) AS server_tied,
    arraySort(groupUniqArrayIf(c_host, c_host != '')) AS client_hosts, max(c_service) AS client_service,
    max(c_name) AS client_name, max(c_container) AS client_container,
    arraySort(groupUniqArrayIf(s_host, s_host != '')) AS server_hosts, max(s_service) AS server_service,
    max(s_name) AS server_name, max(s_container) AS server_container
FROM pairs
WHERE (%(service)s = '' OR c_service = %(service)s OR s_service = %(service)s)
    AND (%(host)s = '' OR c_host IN named OR s_host IN named)
GROUP BY client, server, transport, server_port
ORDER BY client, server, transport, server_port
SETTINGS optimize_move_to_prewhere_if_final = 1
