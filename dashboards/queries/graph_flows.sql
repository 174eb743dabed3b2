-- For graph_nodes and graph_edges to include, after WITH: `flows`, the same rows for both, so that every end of an edge is
-- among the nodes. A row is an edge between processes on one port, with the id of the node at each end at `level`.
-- An end that the level does not know is its host, and one on no known host the network its address is in. Beyond 200
-- nodes all ends are told by service instead, then by host, and then all but the busiest 199 hosts are one, "other:rest".
-- Parameters: level (process, service, container, host, address); service, host (id or name), "" for any; focus, the id of
-- a node or "", and hops, how far from it (up to 4); from, to in ms.
-- include map_spans
-- include map_requests
    (%(to)s - %(from)s) / 1000 AS seconds,
    n -> multiIf(n >= 100, toString(toUInt64(round(n))), toString(round(n, if(n >= 10, 1, 2)))) AS short,
    n -> concat(short(n), ' conn/s') AS told_connections,
    n -> multiIf(n >= 1e9, concat(short(n / 1e9), ' GB/s'), n >= 1e6, concat(short(n / 1e6), ' MB/s'),
        n >= 1e3, concat(short(n / 1e3), ' kB/s'), concat(short(n), ' B/s')) AS told_bytes,
    us -> if(us = 0, '', concat(short(us / 1000), ' ms')) AS told_time,
    n -> if(n = 0, '', concat(short(n / seconds), ' req/s')) AS told_requests,
    (n, all) -> if(n = 0, '', concat(short(100 * n / all), ' %% of requests')) AS told_errors,
    -- Of a sketch's buckets, and how many times are in each and those below: schemas/latency.py.
    (buckets, passed) -> if(empty(buckets), '', arrayStringConcat(arrayMap(
        (name, ms) -> concat(name, ' ', short(ms), ' ms'), ['p50', 'p99'], arrayMap(
            share -> 0.99 * pow(1.01 / 0.99, buckets[arrayFirstIndex(n -> n > share * (passed[-1] - 1), passed)]) / 1000,
            [0.5, 0.99])), ', ')) AS told_latency,
    (SELECT mapFromArrays(groupArray(toString(host)), groupArray(toString(hostname))) FROM hosts FINAL) AS hostnames,
-- include graph_places
    named AS
    (
        SELECT toString(host) FROM hosts WHERE hostname = %(host)s
        UNION DISTINCT SELECT %(host)s
    ),
    pairs AS
    (
        SELECT
            client AS c, server AS s, transport AS protocol, server_port AS port,
            any(toString(client_address)) AS c_ip, any(toString(server_address)) AS s_ip,
            max(toString(client_service)) AS c_service, max(toString(server_service)) AS s_service,
            max(toString(client_container)) AS c_container, max(toString(server_container)) AS s_container,
            max(toString(client_name)) AS c_name, max(toString(server_name)) AS s_name,
            max(toString(client_host)) AS c_seen, max(toString(server_host)) AS s_seen,
            sum(connections_opened) AS opened, sum(connections_failed) AS failed,
            greatest(sum(client_sent_bytes), sum(server_received_bytes))
                + greatest(sum(client_received_bytes), sum(server_sent_bytes)) AS bytes,
            sum(client_sent_segments) + sum(server_sent_segments) AS segments,
            sum(client_retransmits) + sum(server_retransmits) AS retransmits,
            greatest(max(client_rtt_us), max(server_rtt_us)) AS rtt_us
        FROM spans
        GROUP BY client, server, transport, server_port
    ),
    asked AS
    (
        SELECT
            client AS c, server AS s, transport AS protocol, server_port AS port,
            sum(requested.requests) AS requests, sum(requested.errors) AS errors, sumMap(latency) AS sketch
        FROM requested
        GROUP BY client, server, transport, server_port
    ),
    -- One step a subquery: a name in the same SELECT would be analysed again wherever it is used.
    located AS
    (
        SELECT *, home(c, c_seen) AS c_host, home(s, s_seen) AS s_host,
            concat('network:', network(c_ip)) AS c_network, concat('network:', network(s_ip)) AS s_network
        FROM pairs
        LEFT JOIN asked USING (c, s, protocol, port)
    ),
    placed AS
    (
        SELECT *, if(c_host != '', concat('host:', c_host), c_network) AS c_place,
            if(s_host != '', concat('host:', s_host), s_network) AS s_place
        FROM located
        WHERE (%(service)s = '' OR c_service = %(service)s OR s_service = %(service)s)
            AND (%(host)s = '' OR c_host IN named OR s_host IN named)
    ),
    levelled AS
    (
        SELECT *,
            multiIf(
                %(level)s = 'process' AND startsWith(c, 'process:'), c,
                %(level)s = 'service' AND c_service != '', concat('service:', c_service),
                %(level)s = 'container' AND c_container != '', concat('container:', c_host, ':', c_container),
                %(level)s != 'address', c_place,
                startsWith(c, 'address:'), c,
                concat('address:', if(c_network IN ('network:loopback', 'network:link-local'), concat(c_host, '@'), ''), c_ip)) AS c_near,
            multiIf(
                %(level)s = 'process' AND startsWith(s, 'process:'), s,
                %(level)s = 'service' AND s_service != '', concat('service:', s_service),
                %(level)s = 'container' AND s_container != '', concat('container:', s_host, ':', s_container),
                %(level)s != 'address', s_place,
                startsWith(s, 'address:'), s,
                concat('address:', if(s_network IN ('network:loopback', 'network:link-local'), concat(s_host, '@'), ''), s_ip)) AS s_near
        FROM placed
    ),
    gathered AS
    (
        SELECT groupArray((
            [c_near, if(%(level)s = 'address', c_network, if(c_service != '', concat('service:', c_service), c_place)),
                if(%(level)s = 'address', c_network, c_place)],
            [s_near, if(%(level)s = 'address', s_network, if(s_service != '', concat('service:', s_service), s_place)),
                if(%(level)s = 'address', s_network, s_place)],
            multiIf(match(c_near, '^(network|address):'), c_ip,
                startsWith(c_near, 'process:'), concat(c_name, '[', splitByChar(':', c_near)[4], ']'), c_near),
            multiIf(match(s_near, '^(network|address):'), s_ip,
                startsWith(s_near, 'process:'), concat(s_name, '[', splitByChar(':', s_near)[4], ']'), s_near),
            (c_host, c_service, c_name, c_container), (s_host, s_service, s_name, s_container),
            protocol, port, opened, failed, bytes, segments, retransmits, rtt_us,
            requests, errors, sketch)) AS everything
        FROM levelled
    ),
    near AS
    (
        SELECT
            everything,
            arrayFold(
                (known, _) -> arrayDistinct(arrayConcat(known, arrayFlatten(arrayMap(row -> [row.1[1], row.2[1]],
                    arrayFilter(row -> has(known, row.1[1]) OR has(known, row.2[1]), everything))))),
                range(if(%(focus)s = '', 0, least(toUInt8OrZero(toString(%(hops)s)), 4))),
                arrayDistinct(arrayFlatten(arrayMap(row -> arrayMap(ids -> ids[1],
                    arrayFilter(ids -> has(ids, %(focus)s), [row.1, row.2])), everything)))) AS around
        FROM gathered
    ),
    kept AS
    (
        SELECT if(%(focus)s = '', everything,
            arrayFilter(row -> has(around, row.1[1]) AND has(around, row.2[1]), everything)) AS some
        FROM near
    ),
    counted AS
    (
        SELECT some, arrayMap(nth -> length(arrayDistinct(arrayFlatten(arrayMap(
            row -> [row.1[nth], row.2[nth]], some)))), [1, 2, 3]) AS sizes
        FROM kept
    ),
    chosen AS
    (
        SELECT some, multiIf(sizes[1] <= 200, 1, sizes[2] <= 200, 2, 3) AS rung, sizes[3] > 200 AND rung = 3 AS crowded,
            arrayMap(row -> ([row.1[3], row.2[3]], row.11), if(crowded, some, [])) AS crowd
        FROM counted
    ),
    weighed AS
    (
        SELECT some, rung, crowded,
            arrayReduce('sumMap', arrayMap(one -> one.1, crowd), arrayMap(one -> [one.2, one.2], crowd)) AS weights
        FROM chosen
    ),
    fitted AS
    (
        SELECT some, rung, crowded,
            arraySlice(arrayReverseSort((id, weight) -> (weight, id), weights.1, weights.2), 1, 199) AS busiest
        FROM weighed
    ),
    flows AS
    (
        SELECT
            row.1 AS source, row.2 AS target, row.3 AS source_part, row.4 AS target_part,
            row.5 AS source_facts, row.6 AS target_facts, row.7 AS protocol, row.8 AS port,
            row.9 AS opened, row.10 AS failed, row.11 AS bytes, row.12 AS segments, row.13 AS retransmits,
            row.14 AS rtt_us, row.15 AS requests, row.16 AS errors, row.17 AS sketch
        FROM
        (
            SELECT arrayJoin(arrayMap(row -> (
                if(NOT crowded OR has(busiest, row.1[rung]), row.1[rung], 'other:rest'),
                if(NOT crowded OR has(busiest, row.2[rung]), row.2[rung], 'other:rest'),
                row.3, row.4, row.5, row.6, row.7, row.8, row.9, row.10, row.11, row.12, row.13, row.14,
                row.15, row.16, row.17), some)) AS row
            FROM fitted
        )
    )
