-- Requests that their clients gave up are told apart from those that the server left unanswered: they are no errors, and
-- are not among the requests.
ALTER TABLE requests
    ADD COLUMN IF NOT EXISTS given_up SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)) AFTER unanswered;
ALTER TABLE requests_1m ADD COLUMN IF NOT EXISTS given_up UInt64 CODEC(T64, ZSTD(1)) AFTER unanswered;
ALTER TABLE requests_1h ADD COLUMN IF NOT EXISTS given_up UInt64 CODEC(T64, ZSTD(1)) AFTER unanswered;

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
    if(seen_by_server, sumIf(left, by_server), sumIf(left, NOT by_server)) AS given_up,
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
        counted.given_up * factor AS left,
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
