-- The nodes of a node graph (Grafana's, and the live view's): every end of graph_edges, by id, at most 200.
-- The arcs are the worse of two: connections that failed, and HTTP requests that were answered 5xx or never. They and the
-- details of requests are of what comes to a node; where nothing does, of what goes from it. The stats are those of its
-- edges. detail__signals says whether requests are known of it. detail__folded counts and names what a node stands for:
-- addresses of a network, or what was too much to draw.
-- Parameters as in graph_flows.sql.
WITH
-- include graph_flows
    , ended AS
    (
        -- A loop is at its node once, with both its ends.
        SELECT counts, rtt_us, sketch, ends[1] = ends[2] AS looped, arrayJoin(if(looped,
            [(ends[2], parts, facts, true)],
            [(ends[1], [parts[1]], [facts[1]], false), (ends[2], [parts[2]], [facts[2]], true)])) AS end
        FROM flows
    ),
    totals AS
    (
        SELECT
            end.1 AS id, arraySort(groupUniqArrayArray(end.2)) AS members, arraySort(groupUniqArrayArray(end.3)) AS abouts,
            max(rtt_us) AS rtt, countIf(looped) AS loops, sumForEach(counts) AS sums, sumForEachIf(counts, looped) AS loop,
            -- Of what comes to it, else of what goes from it.
            if(sumIf(counts[3] + counts[7], end.4) > 0,
                (sumForEachIf(counts, end.4), sumMapIf(sketch, end.4)), (sumForEach(counts), sumMap(sketch))) AS fate
        FROM ended
        GROUP BY id
    ),
    known AS
    (
        SELECT
            *, splitByChar(':', id) AS words, words[1] AS kind, substring(id, length(kind) + 2) AS rest, abouts[-1] AS about,
            arrayDistinct(arrayFilter(host -> host != '', abouts.1)) AS hosts,
            arrayMap(host -> if(hostnames[host] != '', hostnames[host], host), hosts) AS names,
            fate.1[7] AS asked, fate.1[8] AS wrong, mapKeys(fate.2) AS buckets, arrayCumSum(mapValues(fate.2)) AS passed,
            greatest(fate.1[2] / greatest(fate.1[3], 1), wrong / greatest(asked, 1)) AS failing
        FROM totals
    ),
    worded AS
    (
        SELECT
            *, kind IN ('process', 'container', 'service') AS runs, (sums[4] - loop[4]) / seconds AS bytes_s,
            loop[4] / seconds AS loop_bytes_s, thousands(bytes_s) AS unit, thousands(loop_bytes_s) AS loop_unit,
            short(arrayConcat(
                [
                    (sums[1] - loop[1]) / seconds, bytes_s / pow(1000, unit), asked / seconds, 100 * wrong / greatest(asked, 1),
                    rtt / 1000, loop[1] / seconds, loop_bytes_s / pow(1000, loop_unit)
                ],
                quantiles(buckets, passed, [0.5, 0.99]))) AS said
        FROM known
    )
SELECT
    id,
    multiIf(
        kind = 'process', concat(about.3, '[', words[4], ']'),
        kind = 'container', concat(if(about.2 != '', about.2, about.3), '[', substring(about.4, 1, 12), ']'),
        kind = 'host' AND hostnames[rest] != '', hostnames[rest],
        kind = 'address', splitByChar('@', rest)[-1],
        kind = 'other', 'other hosts',
        rest) AS title,
    multiIf(kind = 'network', 'external', runs, arrayStringConcat(arraySlice(names, 1, 3), ', '), '') AS subtitle,
    concat(said[1], ' conn/s') AS mainstat,
    concat(said[2], ' ', units[unit + 1]) AS secondarystat,
    toFloat64(1 - failing) AS arc__ok,
    toFloat64(failing) AS arc__failed,
    kind AS detail__kind,
    if(runs, about.2, '') AS detail__service,
    arrayStringConcat(arraySlice(names, 1, 10), ', ') AS detail__host,
    hosts[1] AS detail__host_id,
    if(asked > 0, 'http', 'tcp') AS detail__signals,
    if(asked = 0, '', concat(said[3], ' req/s')) AS detail__requests,
    if(wrong = 0, '', concat(said[4], ' %% of requests')) AS detail__errors,
    if(empty(buckets), '', concat('p50 ', said[8], ' ms, p99 ', said[9], ' ms')) AS detail__latency,
    if(rtt = 0, '', concat(said[5], ' ms')) AS detail__rtt,
    if(sums[2] = 0, '', concat(toString(sums[2]), ' connections failed')) AS detail__failed,
    if(loops = 0, '', concat(said[6], ' conn/s, ', said[7], ' ', units[loop_unit + 1])) AS detail__to_itself,
    if(length(members) = 1 AND kind NOT IN ('network', 'other'), '', concat(toString(length(members)), ': ',
        arrayStringConcat(arraySlice(members, 1, 5), ', '), if(length(members) > 5, ', …', ''))) AS detail__folded
FROM worded
ORDER BY id
SETTINGS optimize_move_to_prewhere_if_final = 1
