-- The views as before, with plain types: a SimpleAggregateFunction is a matter of the tables below them, and many clients
-- do not read it as the number it is.
CREATE OR REPLACE VIEW process_edges AS
SELECT
    window,
    max(width) AS width_ms,
    client,
    server,
    flow_transport AS transport,
    port AS server_port,
    rules[intDiv(max(decided), 2) + 1] AS rule,
    max(client_title) AS client_service,
    max(client_name_) AS client_name,
    max(client_host_) AS client_host,
    max(client_container_) AS client_container,
    max(client_provenance_) AS client_provenance,
    max(client_address_) AS client_address,
    max(client_tied_) AS client_tied,
    max(server_title) AS server_service,
    max(server_name_) AS server_name,
    max(server_host_) AS server_host,
    max(server_container_) AS server_container,
    max(server_provenance_) AS server_provenance,
    max(server_address_) AS server_address,
    max(server_tied_) AS server_tied,
    sum(opened) AS connections_opened,
    sum(closed) AS connections_closed,
    sum(active) AS connections_active,
    sum(failed) AS connections_failed,
    sum(client_sent_bytes_) AS client_sent_bytes,
    sum(client_received_bytes_) AS client_received_bytes,
    sum(client_sent_segments_) AS client_sent_segments,
    sum(client_received_segments_) AS client_received_segments,
    sum(client_retransmits_) AS client_retransmits,
    max(client_rtt_us_) AS client_rtt_us,
    minIf(client_min_rtt_us_, client_min_rtt_us_ > 0) AS client_min_rtt_us,
    sum(server_sent_bytes_) AS server_sent_bytes,
    sum(server_received_bytes_) AS server_received_bytes,
    sum(server_sent_segments_) AS server_sent_segments,
    sum(server_received_segments_) AS server_received_segments,
    sum(server_retransmits_) AS server_retransmits,
    max(server_rtt_us_) AS server_rtt_us,
    minIf(server_min_rtt_us_, server_min_rtt_us_ > 0) AS server_min_rtt_us,
    max(client_seen) AS seen_by_client,
    max(server_seen) AS seen_by_server
FROM
(
    WITH
        splitByChar('\t', a_who) AS a_parts,
        splitByChar('\t', b_who) AS b_parts,
        multiIf(a_parts[3] != '', a_parts[3], a_parts[2] != '', concat('host:', a_parts[2]), concat('address:', if(a_scope = '', '', concat(a_scope, '@')), a_address)) AS a_id,
        multiIf(b_parts[3] != '', b_parts[3], b_parts[2] != '', concat('host:', b_parts[2]), concat('address:', if(b_scope = '', '', concat(b_scope, '@')), b_address)) AS b_id
    SELECT
        ['unknown', 'port', 'connected', 'connected', 'listener', 'listener'] AS rules,
        window,
        width,
        flow_transport,
        decided,
        if(b_serves, a_id, b_id) AS client,
        if(b_serves, b_id, a_id) AS server,
        port,
        if(b_serves, a_seen_, b_seen_) AS client_seen,
        if(b_serves, b_seen_, a_seen_) AS server_seen,
        if(b_serves, a_parts[4], b_parts[4]) AS client_title,
        if(b_serves, b_parts[4], a_parts[4]) AS server_title,
        if(b_serves, a_parts[5], b_parts[5]) AS client_name_,
        if(b_serves, b_parts[5], a_parts[5]) AS server_name_,
        if(b_serves, a_parts[2], b_parts[2]) AS client_host_,
        if(b_serves, b_parts[2], a_parts[2]) AS server_host_,
        if(b_serves, a_parts[6], b_parts[6]) AS client_container_,
        if(b_serves, b_parts[6], a_parts[6]) AS server_container_,
        if(b_serves, a_parts[7], b_parts[7]) AS client_provenance_,
        if(b_serves, b_parts[7], a_parts[7]) AS server_provenance_,
        toUInt8(if(b_serves, a_parts[8], b_parts[8]) = '1') AS client_tied_,
        toUInt8(if(b_serves, b_parts[8], a_parts[8]) = '1') AS server_tied_,
        if(b_serves, a_address, b_address) AS client_address_,
        if(b_serves, b_address, a_address) AS server_address_,
        if(b_serves, a_sent_bytes_, b_sent_bytes_) AS client_sent_bytes_,
        if(b_serves, b_sent_bytes_, a_sent_bytes_) AS server_sent_bytes_,
        if(b_serves, a_received_bytes_, b_received_bytes_) AS client_received_bytes_,
        if(b_serves, b_received_bytes_, a_received_bytes_) AS server_received_bytes_,
        if(b_serves, a_sent_segments_, b_sent_segments_) AS client_sent_segments_,
        if(b_serves, b_sent_segments_, a_sent_segments_) AS server_sent_segments_,
        if(b_serves, a_received_segments_, b_received_segments_) AS client_received_segments_,
        if(b_serves, b_received_segments_, a_received_segments_) AS server_received_segments_,
        if(b_serves, a_retransmits_, b_retransmits_) AS client_retransmits_,
        if(b_serves, b_retransmits_, a_retransmits_) AS server_retransmits_,
        if(b_serves, a_rtt_us_, b_rtt_us_) AS client_rtt_us_,
        if(b_serves, b_rtt_us_, a_rtt_us_) AS server_rtt_us_,
        if(b_serves, a_min_rtt_us_, b_min_rtt_us_) AS client_min_rtt_us_,
        if(b_serves, b_min_rtt_us_, a_min_rtt_us_) AS server_min_rtt_us_,
        opened,
        closed,
        active,
        failed
    FROM
    (
        SELECT
            window,
            toUInt32(max(width_ms)) AS width,
            transport AS flow_transport,
            verdict AS decided,
            verdict % 2 = 1 AS b_serves,
            if(b_serves, b_port, a_port) AS port,
            a_who,
            a_scope,
            a_address,
            b_who,
            b_scope,
            b_address,
            toUInt8(max(a_seen)) AS a_seen_,
            sum(a_sent_bytes) AS a_sent_bytes_,
            sum(a_received_bytes) AS a_received_bytes_,
            sum(a_sent_segments) AS a_sent_segments_,
            sum(a_received_segments) AS a_received_segments_,
            sum(a_retransmits) AS a_retransmits_,
            toUInt32(max(a_rtt_us)) AS a_rtt_us_,
            toUInt32(minIf(a_min_rtt_us, a_min_rtt_us > 0)) AS a_min_rtt_us_,
            toUInt8(max(b_seen)) AS b_seen_,
            sum(b_sent_bytes) AS b_sent_bytes_,
            sum(b_received_bytes) AS b_received_bytes_,
            sum(b_sent_segments) AS b_sent_segments_,
            sum(b_received_segments) AS b_received_segments_,
            sum(b_retransmits) AS b_retransmits_,
            toUInt32(max(b_rtt_us)) AS b_rtt_us_,
            toUInt32(minIf(b_min_rtt_us, b_min_rtt_us > 0)) AS b_min_rtt_us_,
            sum(if(if(b_serves, a_seen, b_seen) = b_serves, a_opened, b_opened)) AS opened,
            sum(if(if(b_serves, a_seen, b_seen) = b_serves, a_closed, b_closed)) AS closed,
            sum(greatest(a_failed, b_failed)) AS failed,
            sum(NOT (a_closed OR b_closed OR a_failed OR b_failed)) AS active
        FROM edges FINAL
        WHERE a_seen OR b_seen
        GROUP BY window, flow_transport, decided, port, a_who, a_scope, a_address, b_who, b_scope, b_address
    )
)
GROUP BY window, client, server, flow_transport, port, rules;

CREATE OR REPLACE VIEW service_edges AS
SELECT
    window,
    max(width) AS width_ms,
    client,
    server,
    flow_transport AS transport,
    port AS server_port,
    max(client_name) AS client_title,
    max(server_name) AS server_title,
    uniqExact(client_process) AS client_processes,
    uniqExact(server_process) AS server_processes,
    uniqExactIf(client_host_, client_host_ != '') AS client_hosts,
    uniqExactIf(server_host_, server_host_ != '') AS server_hosts,
    sum(opened) AS connections_opened,
    sum(closed) AS connections_closed,
    sum(active) AS connections_active,
    sum(failed) AS connections_failed,
    sum(client_sent_bytes_) AS client_sent_bytes,
    sum(client_received_bytes_) AS client_received_bytes,
    sum(client_sent_segments_) AS client_sent_segments,
    sum(client_received_segments_) AS client_received_segments,
    sum(client_retransmits_) AS client_retransmits,
    max(client_rtt_us_) AS client_rtt_us,
    minIf(client_min_rtt_us_, client_min_rtt_us_ > 0) AS client_min_rtt_us,
    sum(server_sent_bytes_) AS server_sent_bytes,
    sum(server_received_bytes_) AS server_received_bytes,
    sum(server_sent_segments_) AS server_sent_segments,
    sum(server_received_segments_) AS server_received_segments,
    sum(server_retransmits_) AS server_retransmits,
    max(server_rtt_us_) AS server_rtt_us,
    minIf(server_min_rtt_us_, server_min_rtt_us_ > 0) AS server_min_rtt_us,
    max(client_seen) AS seen_by_client,
    max(server_seen) AS seen_by_server
FROM
(
    SELECT
        window,
        width_ms AS width,
        client AS client_process,
        server AS server_process,
        if(client_service != '', concat('service:', client_service), client) AS client,
        if(server_service != '', concat('service:', server_service), server) AS server,
        if(client_service != '', client_service, client_address) AS client_name,
        if(server_service != '', server_service, server_address) AS server_name,
        transport AS flow_transport,
        server_port AS port,
        client_host AS client_host_,
        server_host AS server_host_,
        connections_opened AS opened,
        connections_closed AS closed,
        connections_active AS active,
        connections_failed AS failed,
        client_sent_bytes AS client_sent_bytes_,
        client_received_bytes AS client_received_bytes_,
        client_sent_segments AS client_sent_segments_,
        client_received_segments AS client_received_segments_,
        client_retransmits AS client_retransmits_,
        client_rtt_us AS client_rtt_us_,
        client_min_rtt_us AS client_min_rtt_us_,
        server_sent_bytes AS server_sent_bytes_,
        server_received_bytes AS server_received_bytes_,
        server_sent_segments AS server_sent_segments_,
        server_received_segments AS server_received_segments_,
        server_retransmits AS server_retransmits_,
        server_rtt_us AS server_rtt_us_,
        server_min_rtt_us AS server_min_rtt_us_,
        seen_by_client AS client_seen,
        seen_by_server AS server_seen
    FROM process_edges
)
GROUP BY window, client, server, flow_transport, port;

CREATE OR REPLACE VIEW process_requests AS
WITH
    minIf(factor, by_server) AS server_sampling,
    minIf(factor, NOT by_server) AS client_sampling,
    mapKeys(latency) AS buckets,
    arrayCumSum(mapValues(latency)) AS passed,
    1.01 / 0.99 AS growth
SELECT
    window,
    max(width) AS width_ms,
    client,
    server,
    flow_transport AS transport,
    port AS server_port,
    max(client_title) AS client_service,
    max(client_name_) AS client_name,
    max(client_host_) AS client_host,
    max(client_container_) AS client_container,
    max(server_title) AS server_service,
    max(server_name_) AS server_name,
    max(server_host_) AS server_host,
    max(server_container_) AS server_container,
    toUInt8(server_sampling > 0 AND (client_sampling = 0 OR server_sampling <= client_sampling)) AS seen_by_server,
    if(seen_by_server, server_sampling, client_sampling) AS sampling,
    arraySum(mapValues(by)) + unanswered AS requests,
    arraySum(mapValues(mapFilter((what, n) -> endsWith(what, '5xx'), by))) + unanswered AS errors,
    if(seen_by_server, sumIf(lost, by_server), sumIf(lost, NOT by_server)) AS unanswered,
    if(seen_by_server, sumMapIf(answers, by_server), sumMapIf(answers, NOT by_server)) AS by,
    if(seen_by_server, sumMapIf(sketch, by_server), sumMapIf(sketch, NOT by_server)) AS latency,
    if(empty(buckets), 0, 2 * pow(growth, buckets[arrayFirstIndex(n -> n > 0.5 * (passed[-1] - 1), passed)]) / (growth + 1) / 1000) AS p50_ms,
    if(empty(buckets), 0, 2 * pow(growth, buckets[arrayFirstIndex(n -> n > 0.99 * (passed[-1] - 1), passed)]) / (growth + 1) / 1000) AS p99_ms
FROM
(
    WITH
        verdict % 2 = 1 AS b_serves,
        multiIf(a_node != '', a_node, a_host != '', concat('host:', a_host), concat('address:', if(a_scope = '', '', concat(a_scope, '@')), a_address)) AS a_id,
        multiIf(b_node != '', b_node, b_host != '', concat('host:', b_host), concat('address:', if(b_scope = '', '', concat(b_scope, '@')), b_address)) AS b_id
    SELECT
        window,
        toUInt32(width_ms) AS width,
        transport AS flow_transport,
        if(b_serves, a_id, b_id) AS client,
        if(b_serves, b_id, a_id) AS server,
        if(b_serves, b_port, a_port) AS port,
        if(b_serves, a_service, b_service) AS client_title,
        if(b_serves, b_service, a_service) AS server_title,
        if(b_serves, a_name, b_name) AS client_name_,
        if(b_serves, b_name, a_name) AS server_name_,
        if(b_serves, a_host, b_host) AS client_host_,
        if(b_serves, b_host, a_host) AS server_host_,
        if(b_serves, a_container, b_container) AS client_container_,
        if(b_serves, b_container, a_container) AS server_container_,
        end = b_serves AS by_server,
        toUInt16(counted.sampling) AS factor,
        counted.unanswered * factor AS lost,
        mapApply((what, n) -> (what, n * factor), counted.answered) AS answers,
        mapApply((bucket, n) -> (bucket, n * factor), counted.latency) AS sketch
    FROM
    (
        SELECT
            window, transport, verdict, a_scope, a_address, a_port, b_scope, b_address, b_port,
            a_host, a_node, a_service, a_name, a_container, b_host, b_node, b_service, b_name, b_container
        FROM edges FINAL
        WHERE nth = 0
    ) AS who
    INNER JOIN (SELECT * FROM requests FINAL) AS counted
    USING (window, transport, a_scope, a_address, a_port, b_scope, b_address, b_port)
)
GROUP BY window, client, server, flow_transport, port;
