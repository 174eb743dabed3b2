-- Which addresses hosts have and who listens where on them, by hour and minute (schemas/graph.py): so an end that nobody
-- saw is found by its address and port. Who listens is one text, as in edges.
CREATE TABLE IF NOT EXISTS places
(
    hour DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    host LowCardinality(String),
    transport LowCardinality(String),
    port UInt16 CODEC(ZSTD(1)),
    scope LowCardinality(String),
    address LowCardinality(String),
    who LowCardinality(String),
    seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)),
    minutes SimpleAggregateFunction(groupBitOr, UInt64) CODEC(ZSTD(1)),
    before SimpleAggregateFunction(groupBitOr, UInt64) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toStartOfHour(hour)
ORDER BY (transport, port, host, scope, address, who, hour)
TTL toDateTime(hour) + INTERVAL 15 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;

-- The views as before, but an end of which nothing was said (never both) is looked up, by hours since the epoch: it is the one
-- host that had its address in that minute or the two before it. Where the connect failed (`missed` 2), or it is UDP, of which
-- nobody but the client is ever seen (1), it is the one that listened there, now or last within the hour, and of several their
-- service. One expression, nested: a name of the same SELECT would be analysed again wherever it is used.
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
    SELECT
        ['unknown', 'port', 'connected', 'connected', 'listener', 'listener'] AS rules,
        window,
        width,
        transport_ AS flow_transport,
        decided,
        if(b_serves, whom[1][9], whom[2][9]) AS client,
        if(b_serves, whom[2][9], whom[1][9]) AS server,
        port,
        if(b_serves, a_seen_, b_seen_) AS client_seen,
        if(b_serves, b_seen_, a_seen_) AS server_seen,
        if(b_serves, whom[1][4], whom[2][4]) AS client_title,
        if(b_serves, whom[2][4], whom[1][4]) AS server_title,
        if(b_serves, whom[1][5], whom[2][5]) AS client_name_,
        if(b_serves, whom[2][5], whom[1][5]) AS server_name_,
        if(b_serves, whom[1][2], whom[2][2]) AS client_host_,
        if(b_serves, whom[2][2], whom[1][2]) AS server_host_,
        if(b_serves, whom[1][6], whom[2][6]) AS client_container_,
        if(b_serves, whom[2][6], whom[1][6]) AS server_container_,
        if(b_serves, whom[1][7], whom[2][7]) AS client_provenance_,
        if(b_serves, whom[2][7], whom[1][7]) AS server_provenance_,
        toUInt8(if(b_serves, whom[1][8], whom[2][8]) = '1') AS client_tied_,
        toUInt8(if(b_serves, whom[2][8], whom[1][8]) = '1') AS server_tied_,
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
            flows.*,
            arrayMap((past, heard_) -> arrayMap(home -> arrayMap(nearest -> arrayMap(found -> arrayMap(
                lost -> arrayMap(
                    (who, scope, address) -> arrayMap(parts -> arrayPushBack(parts, multiIf(
                            parts[3] != '', parts[3], parts[2] != '', concat('host:', parts[2]),
                            concat('address:', if(scope = '', '', concat(scope, '@')), address))),
                        [if(who = '', lost, splitByChar('\t', who))])[1],
                    [toString(a_who), toString(b_who)], [toString(a_scope), toString(b_scope)],
                    [toString(a_address), toString(b_address)]),
                [multiIf(
                    home = '', arrayWithConstant(8, ''),
                    arrayUniq(arrayMap(one -> one[4], found)) != 1 OR found[1][4] = '',
                        ['', home, '', '', '', '', 'address', '0'],
                    length(found) = 1, arrayConcat(arraySlice(found[1], 1, 6),
                        [if(missed = 2 OR nearest.1 > 4, 'last listener', 'listener'), found[1][8]]),
                    ['', home, '', found[1][4], '', '', if(missed = 2 OR nearest.1 > 4, 'last listener', 'listener'), '1'])])[1],
                [arrayMap(who -> splitByChar('\t', who), arrayDistinct(arrayFilter(one -> one.1 = nearest, heard_).2))])[1],
                [arrayMin(heard_.1)])[1],
                [multiIf(unsaid = 0, '', length(past) = 1, past[1], position(lost_scope, '/') > 0,
                    splitByChar('/', toString(lost_scope))[1], '')])[1],
            [arrayDistinct(arrayFilter(home -> bitAnd(if(missed > 0, bitNot(toUInt64(0)), 7), bitOr(
                bitShiftRight(home.2, 59 - unsaid % 60), bitShiftLeft(home.3, unsaid % 60 + 1))) > 0, homes).1)],
            [if(missed = 0, [], arrayFilter(one -> one.1.1 > 0 AND one.1.2 > 0, arrayMap((one, past) -> (
                    (bitAnd(past, bitNot(past) + 1),
                        indexOf([lost_address, if(position(lost_address, ':') > 0, '::', '0.0.0.0'), '::'], one.3)), toString(one.4)),
                arrayFilter(one -> one.1 = transport_ AND one.2 = port, heard),
                arrayMap(one -> bitOr(bitShiftRight(one.5, 59 - unsaid % 60), bitShiftLeft(one.6, unsaid % 60 + 1)),
                    arrayFilter(one -> one.1 = transport_ AND one.2 = port, heard)))))])[1] AS whom
        FROM
        (
            SELECT
                window,
                toUInt32(max(width_ms)) AS width,
                transport AS transport_,
                verdict AS decided,
                verdict % 2 = 1 AS b_serves,
                if(b_serves, b_port, a_port) AS port,
                if(a_who = '' OR b_who = '', toUInt32(intDiv(toUnixTimestamp64Milli(window), 60000)), toUInt32(0)) AS unsaid,
                multiIf(unsaid = 0 OR (b_who = '') != b_serves, 0, a_failed OR b_failed, 2, transport = 'udp', 1, 0) AS missed,
                a_who, a_scope, a_address, b_who, b_scope, b_address,
                if(a_who = '', a_scope, b_scope) AS lost_scope, toString(if(a_who = '', a_address, b_address)) AS lost_address,
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
            GROUP BY
                window, transport_, decided, port, a_who, a_scope, a_address, b_who, b_scope, b_address, unsaid, missed
        ) AS flows
        LEFT JOIN
        (
            SELECT
                toUInt32(intDiv(toUnixTimestamp64Milli(hour), 3600000)) AS of_hour, scope, address,
                groupArray((host, toUInt64(minutes), toUInt64(before))) AS homes, groupArrayArray(listeners) AS heard
            FROM places
            LEFT JOIN
            (
                SELECT
                    hour, host, groupArray((transport, port, toString(address), who, toUInt64(minutes), toUInt64(before))) AS listeners
                FROM places
                WHERE transport != ''
                GROUP BY hour, host
            ) AS listening
            USING (hour, host)
            WHERE transport = ''
            GROUP BY of_hour, scope, address
        ) AS placed
        ON placed.of_hour = intDiv(unsaid, 60) AND placed.scope = lost_scope AND placed.address = lost_address
    )
)
GROUP BY window, client, server, flow_transport, port, rules;

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
        verdict % 2 = 1 AS b_serves
    SELECT
        window,
        toUInt32(width_ms) AS width,
        transport AS flow_transport,
        if(b_serves, whom[1][9], whom[2][9]) AS client,
        if(b_serves, whom[2][9], whom[1][9]) AS server,
        if(b_serves, b_port, a_port) AS port,
        if(b_serves, whom[1][4], whom[2][4]) AS client_title,
        if(b_serves, whom[2][4], whom[1][4]) AS server_title,
        if(b_serves, whom[1][5], whom[2][5]) AS client_name_,
        if(b_serves, whom[2][5], whom[1][5]) AS server_name_,
        if(b_serves, whom[1][2], whom[2][2]) AS client_host_,
        if(b_serves, whom[2][2], whom[1][2]) AS server_host_,
        if(b_serves, whom[1][6], whom[2][6]) AS client_container_,
        if(b_serves, whom[2][6], whom[1][6]) AS server_container_,
        end = b_serves AS by_server,
        toUInt16(counted.sampling) AS factor,
        counted.unanswered * factor AS lost,
        counted.given_up * factor AS left,
        mapApply((what, n) -> (what, n * factor), counted.answered) AS answers,
        mapApply((bucket, n) -> (bucket, n * factor), counted.latency) AS sketch
    FROM
    (
        SELECT
            flows.*,
            arrayMap((past, heard_) -> arrayMap(home -> arrayMap(nearest -> arrayMap(found -> arrayMap(
                lost -> arrayMap(
                    (who, scope, address) -> arrayMap(parts -> arrayPushBack(parts, multiIf(
                            parts[3] != '', parts[3], parts[2] != '', concat('host:', parts[2]),
                            concat('address:', if(scope = '', '', concat(scope, '@')), address))),
                        [if(who = '', lost, splitByChar('\t', who))])[1],
                    [toString(a_who), toString(b_who)], [toString(a_scope), toString(b_scope)],
                    [toString(a_address), toString(b_address)]),
                [multiIf(
                    home = '', arrayWithConstant(8, ''),
                    arrayUniq(arrayMap(one -> one[4], found)) != 1 OR found[1][4] = '',
                        ['', home, '', '', '', '', 'address', '0'],
                    length(found) = 1, arrayConcat(arraySlice(found[1], 1, 6),
                        [if(missed = 2 OR nearest.1 > 4, 'last listener', 'listener'), found[1][8]]),
                    ['', home, '', found[1][4], '', '', if(missed = 2 OR nearest.1 > 4, 'last listener', 'listener'), '1'])])[1],
                [arrayMap(who -> splitByChar('\t', who), arrayDistinct(arrayFilter(one -> one.1 = nearest, heard_).2))])[1],
                [arrayMin(heard_.1)])[1],
                [multiIf(unsaid = 0, '', length(past) = 1, past[1], position(lost_scope, '/') > 0,
                    splitByChar('/', toString(lost_scope))[1], '')])[1],
            [arrayDistinct(arrayFilter(home -> bitAnd(if(missed > 0, bitNot(toUInt64(0)), 7), bitOr(
                bitShiftRight(home.2, 59 - unsaid % 60), bitShiftLeft(home.3, unsaid % 60 + 1))) > 0, homes).1)],
            [if(missed = 0, [], arrayFilter(one -> one.1.1 > 0 AND one.1.2 > 0, arrayMap((one, past) -> (
                    (bitAnd(past, bitNot(past) + 1),
                        indexOf([lost_address, if(position(lost_address, ':') > 0, '::', '0.0.0.0'), '::'], one.3)), toString(one.4)),
                arrayFilter(one -> one.1 = transport_ AND one.2 = port, heard),
                arrayMap(one -> bitOr(bitShiftRight(one.5, 59 - unsaid % 60), bitShiftLeft(one.6, unsaid % 60 + 1)),
                    arrayFilter(one -> one.1 = transport_ AND one.2 = port, heard)))))])[1] AS whom
        FROM
        (
            SELECT
                window, transport, verdict, a_port, b_port,
                transport AS transport_, bitTest(verdict, 0) AS b_serves, if(b_serves, b_port, a_port) AS port,
                if(a_who = '' OR b_who = '', toUInt32(intDiv(toUnixTimestamp64Milli(window), 60000)), toUInt32(0)) AS unsaid,
                0 AS missed,
                a_who, a_scope, a_address, b_who, b_scope, b_address,
                if(a_who = '', a_scope, b_scope) AS lost_scope, toString(if(a_who = '', a_address, b_address)) AS lost_address
            FROM edges FINAL
            WHERE nth = 0
        ) AS flows
        LEFT JOIN
        (
            SELECT
                toUInt32(intDiv(toUnixTimestamp64Milli(hour), 3600000)) AS of_hour, scope, address,
                groupArray((host, toUInt64(minutes), toUInt64(before))) AS homes, groupArrayArray(listeners) AS heard
            FROM places
            LEFT JOIN
            (
                SELECT
                    hour, host, groupArray((transport, port, toString(address), who, toUInt64(minutes), toUInt64(before))) AS listeners
                FROM places
                WHERE transport != ''
                GROUP BY hour, host
            ) AS listening
            USING (hour, host)
            WHERE transport = ''
            GROUP BY of_hour, scope, address
        ) AS placed
        ON placed.of_hour = intDiv(unsaid, 60) AND placed.scope = lost_scope AND placed.address = lost_address
    ) AS who
    INNER JOIN (SELECT * FROM requests FINAL) AS counted
    USING (window, transport, a_scope, a_address, a_port, b_scope, b_address, b_port)
)
GROUP BY window, client, server, flow_transport, port;
