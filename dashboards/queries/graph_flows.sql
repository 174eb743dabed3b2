-- For graph_nodes and graph_edges to include, after WITH: `flows`, the same rows for both, so that every end of an edge is
-- among the nodes. A row is an edge between processes on one port, with the id of the node at each end at `level`.
-- An end that the level does not know is its host, and one on no known host the network its address is in. Beyond 200
-- nodes all ends are told by service instead, then by host, and then all but the busiest 199 hosts are one, "other:rest".
-- Its columns: ends, parts and facts of client and server: ids, what each id stands for here, (host, service, name, container);
-- port; counts of connections opened, failed, tried, bytes, segments, retransmits, requests, errors; rtt_us; sketch; usual,
-- the sketch of the hour before between the same services. `seconds` is how much of the range any host recorded.
-- Parameters: level (process, service, container, host, address); service, host (id or name), "" for any; focus, the id of
-- a node or "", and hops, how far from it (up to 4); from, to in ms.
-- include map_spans
-- include map_requests
-- include health
-- include graph_usual
-- include recorded_windows
    (
        SELECT if(recorded > 0, recorded, %(to)s - %(from)s) / 1000
        FROM (SELECT sum(width) AS recorded FROM recorded_windows)
    ) AS recorded_sum,
    assumeNotNull(recorded_sum) AS seconds,
    -- Of a sketch's buckets, and how many times are in each and those below, quantiles in ms: schemas/latency.py.
    (buckets, passed, shares) -> arrayMap(share -> 0.99 * pow(1.01 / 0.99,
        buckets[arrayFirstIndex(n -> n > share * (passed[-1] - 1), passed)]) / 1000, shares) AS quantiles,
    -- All numbers are made text at once: an expression in the place of `n` would be analysed wherever `n` stands.
    numbers -> arrayMap(n -> toString(round(n, multiIf(n >= 100, 0, n >= 10, 1, 2))), numbers) AS short,
    n -> toUInt8(least(3, floor(log10(greatest(n, 1)) / 3))) AS thousands,
    ['B/s', 'kB/s', 'MB/s', 'GB/s'] AS units,
    (SELECT mapFromArrays(groupArray(toString(host)), groupArray(toString(hostname))) FROM hosts FINAL) AS hostnames,
-- include graph_places
    named AS
    (
        SELECT toString(host) FROM hosts WHERE hostname = %(host)s
        UNION DISTINCT SELECT %(host)s
    ),
    asked AS
    (
        SELECT
            client, server, transport, server_port,
            sum(requested.requests) AS requests, sum(requested.errors) AS errors, sumMap(latency) AS sketch
        FROM requested
        GROUP BY client, server, transport, server_port
    ),
    -- What is told of both ends is an array of two from here on: client, server.
    pairs AS
    (
        SELECT
            client, server, transport, server_port, [toString(client), toString(server)] AS ids,
            [any(toString(client_address)), any(toString(server_address))] AS ips,
            [max(toString(client_host)), max(toString(server_host))] AS seen,
            [max(toString(client_service)), max(toString(server_service))] AS services,
            [max(toString(client_container)), max(toString(server_container))] AS containers,
            [max(toString(client_name)), max(toString(server_name))] AS names,
            if(services[1] != '', services[1], ids[1]) AS caller, if(services[2] != '', services[2], ids[2]) AS callee,
            [
                sum(connections_opened), sum(connections_failed), greatest(sum(connections_opened), sum(connections_failed)),
                greatest(sum(client_sent_bytes), sum(server_received_bytes))
                    + greatest(sum(client_received_bytes), sum(server_sent_bytes)),
                sum(client_sent_segments) + sum(server_sent_segments),
                sum(client_retransmits) + sum(server_retransmits)
            ] AS counts,
            greatest(max(client_rtt_us), max(server_rtt_us)) AS rtt_us
        FROM spans
        GROUP BY client, server, transport, server_port
    ),
    -- One step a subquery: a name in the same SELECT would be analysed again wherever it is used.
    located AS
    (
        SELECT *, arrayMap((id, host) -> home(id, host), ids, seen) AS hosts, arrayMap(ip -> network(ip), ips) AS networks
        FROM pairs
        LEFT JOIN asked USING (client, server, transport, server_port)
        LEFT JOIN usually USING (caller, callee, transport, server_port)
    ),
    placed AS
    (
        SELECT *, arrayMap((host, network) -> if(host != '', concat('host:', host), concat('network:', network)),
            hosts, networks) AS places
        FROM located
        WHERE (%(service)s = '' OR has(services, %(service)s))
            AND (%(host)s = '' OR hosts[1] IN named OR hosts[2] IN named)
    ),
    levelled AS
    (
        SELECT *, arrayMap((id, ip, service, container, host, network, place) -> multiIf(
                %(level)s = 'process' AND startsWith(id, 'process:'), id,
                %(level)s = 'service' AND service != '', concat('service:', service),
                %(level)s = 'container' AND container != '', concat('container:', host, ':', container),
                %(level)s != 'address', place,
                startsWith(id, 'address:'), id,
                network IN ('loopback', 'link-local'), concat('address:', host, '@', ip),
                concat('address:', ip)),
            ids, ips, services, containers, hosts, networks, places) AS nears
        FROM placed
    ),
    -- All rows at once, for what follows looks at them more than once. A value and no further subquery: ClickHouse walks
    -- through all below a subquery for each one above it, which took longer than reading.
    (
        SELECT groupArray((
            -- Of each end the node it is at, and what it would be in instead: its service, its host.
            arrayMap((near, service, network, place) -> if(%(level)s = 'address',
                    [near, concat('network:', network), concat('network:', network)],
                    [near, if(service != '', concat('service:', service), place), place]),
                nears, services, networks, places),
            arrayMap((near, ip, name) -> multiIf(
                    startsWith(near, 'network:') OR startsWith(near, 'address:'), ip,
                    startsWith(near, 'process:'), concat(name, '[', splitByChar(':', near)[4], ']'),
                    near),
                nears, ips, names),
            arrayZip(hosts, services, names, containers), concat(transport, ' ', toString(server_port)),
            arrayConcat(counts, [requests, errors]), rtt_us, sketch, usual))
        FROM levelled
    ) AS everything,
    near AS
    (
        SELECT
            everything,
            arrayMap(row -> [row.1[1][1], row.1[2][1]], everything) AS links,
            arrayFold(
                (known, _) -> arrayDistinct(arrayConcat(known, arrayFlatten(arrayFilter(ends -> hasAny(known, ends), links)))),
                range(if(%(focus)s = '', 0, least(toUInt8OrZero(toString(%(hops)s)), 4))),
                arrayDistinct(arrayMap(ids -> ids[1], arrayFilter(ids -> has(ids, %(focus)s),
                    arrayConcat(arrayMap(row -> row.1[1], everything), arrayMap(row -> row.1[2], everything)))))) AS around
    ),
    kept AS
    (
        SELECT if(%(focus)s = '', everything,
            arrayFilter((row, ends) -> hasAll(around, ends), everything, links)) AS some
        FROM near
    ),
    counted AS
    (
        SELECT some, arrayMap(nth -> length(arrayDistinct(arrayFlatten(arrayMap(
            row -> [row.1[1][nth], row.1[2][nth]], some)))), [1, 2, 3]) AS sizes
        FROM kept
    ),
    chosen AS
    (
        SELECT some, multiIf(sizes[1] <= 200, 1, sizes[2] <= 200, 2, 3) AS rung, sizes[3] > 200 AND rung = 3 AS crowded,
            arrayMap(row -> ([row.1[1][3], row.1[2][3]], [row.5[4], row.5[4]]), if(crowded, some, [])) AS crowd
        FROM counted
    ),
    weighed AS
    (
        SELECT some, rung, crowded, arrayReduce('sumMap', arrayMap(one -> one.1, crowd), arrayMap(one -> one.2, crowd)) AS weights
        FROM chosen
    ),
    fitted AS
    (
        SELECT arrayJoin(some) AS row, rung, crowded,
            arraySlice(arrayReverseSort((id, weight) -> (weight, id), weights.1, weights.2), 1, 199) AS busiest
        FROM weighed
    ),
    flows AS
    (
        SELECT
            arrayMap(ids -> if(NOT crowded OR has(busiest, ids[rung]), ids[rung], 'other:rest'), row.1) AS ends,
            row.2 AS parts, row.3 AS facts, row.4 AS port, row.5 AS counts, row.6 AS rtt_us, row.7 AS sketch, row.8 AS usual
        FROM fitted
    )
