-- The nodes of a node graph (Grafana's, and the live view's): every end of graph_edges, by id, at most 200.
-- The arcs are the worse of two: connections that failed, and HTTP requests that were answered 5xx or never. They and the
-- details of requests are of what comes to a node; where nothing does, of what goes from it. The stats are those of its
-- edges. detail__signals says whether requests are known of it. detail__folded counts and names what a node stands for: addresses of a network, or what was too much to draw.
-- Parameters as in graph_flows.sql.
WITH
-- include graph_flows
    , ends AS
    (
        -- A loop is at its node twice, and counts once.
        SELECT end.1 AS id, end.2 AS part, end.3 AS about, end.4 AS serves, looped,
            looped AND NOT serves AS again, if(again, 0, opened) AS opened_, if(again, 0, failed) AS failed_,
            if(again, 0, bytes) AS bytes_, rtt_us, if(again, 0, requests) AS requests_, if(again, 0, errors) AS errors_,
            if(again, CAST(map(), 'Map(UInt16, UInt64)'), sketch) AS sketch_
        FROM
        (
            SELECT source = target AS looped, opened, failed, bytes, rtt_us, requests, errors, sketch, arrayJoin([
                (source, source_part, source_facts, 0), (target, target_part, target_facts, 1)]) AS end
            FROM flows
        )
    ),
    totals AS
    (
        SELECT
            id, splitByChar(':', id) AS words, max(about) AS facts, max(rtt_us) AS rtt,
            sum(opened_) AS opened, sum(failed_) AS failed, sum(bytes_) AS bytes,
            -- Of what comes to it, else of what goes from it: tried, failed, asked, gone wrong, and times to the answer.
            if(sumIf(greatest(opened_, failed_) + requests_, serves) > 0,
                (sumIf(greatest(opened_, failed_), serves), sumIf(failed_, serves),
                    sumIf(requests_, serves), sumIf(errors_, serves), sumMapIf(sketch_, serves)),
                (sum(greatest(opened_, failed_)), sum(failed_),
                    sum(requests_), sum(errors_), sumMap(sketch_))) AS fate,
            countIf(looped) AS loops, sumIf(opened_, looped) AS loop_opened, sumIf(bytes_, looped) AS loop_bytes,
            arraySort(groupUniqArrayIf(about.1, about.1 != '')) AS hosts, arraySort(groupUniqArray(part)) AS parts
        FROM ends
        GROUP BY id
    ),
    known AS
    (
        SELECT *, words[1] AS kind, substring(id, length(words[1]) + 2) AS rest,
            arrayMap(host -> if(hostnames[host] != '', hostnames[host], host), hosts) AS names,
            fate.3 AS asked, greatest(fate.2 / greatest(fate.1, 1), fate.4 / greatest(asked, 1)) AS failing
        FROM totals
    )
SELECT
    id,
    multiIf(
        kind = 'process', concat(facts.3, '[', words[4], ']'),
        kind = 'container', concat(if(facts.2 != '', facts.2, facts.3), '[', substring(facts.4, 1, 12), ']'),
        kind = 'host', if(hostnames[rest] != '', hostnames[rest], rest),
        kind = 'address', splitByChar('@', rest)[-1],
        kind = 'other', 'other hosts',
        rest) AS title,
    multiIf(
        kind = 'network', 'external',
        kind IN ('process', 'container', 'service'), arrayStringConcat(arraySlice(names, 1, 3), ', '),
        '') AS subtitle,
    told_connections((opened - loop_opened) / seconds) AS mainstat,
    told_bytes((bytes - loop_bytes) / seconds) AS secondarystat,
    toFloat64(1 - failing) AS arc__ok,
    toFloat64(failing) AS arc__failed,
    kind AS detail__kind,
    if(kind IN ('process', 'container', 'service'), facts.2, '') AS detail__service,
    arrayStringConcat(arraySlice(names, 1, 10), ', ') AS detail__host,
    toString(hosts[1]) AS detail__host_id,
    if(asked > 0, 'http', 'tcp') AS detail__signals,
    told_requests(asked) AS detail__requests,
    told_errors(fate.4, asked) AS detail__errors,
    told_latency(mapKeys(fate.5), arrayCumSum(mapValues(fate.5))) AS detail__latency,
    told_time(rtt) AS detail__rtt,
    if(failed = 0, '', concat(toString(failed), ' connections failed')) AS detail__failed,
    if(loops = 0, '', concat(told_connections(loop_opened / seconds), ', ', told_bytes(loop_bytes / seconds)))
        AS detail__to_itself,
    if(length(parts) = 1 AND kind NOT IN ('network', 'other'), '', concat(toString(length(parts)), ': ',
        arrayStringConcat(arraySlice(parts, 1, 5), ', '), if(length(parts) > 5, ', …', ''))) AS detail__folded
FROM known
ORDER BY id
SETTINGS optimize_move_to_prewhere_if_final = 1
