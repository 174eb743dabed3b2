-- The edges of a node graph (Grafana's, and the live view's): one row two nodes and direction, by id.
-- What a node does to itself is not drawn: it is a detail of the node. Details that are empty are not shown.
-- failed_share is the worse of two: connections that failed, and HTTP requests that were answered 5xx or never. The colour
-- is that of its health (health.sql), of which latency is a part: detail__usual is what half of the answers took before.
-- detail__signals says whether requests are known on it. Parameters as in graph_flows.sql.
WITH
-- include graph_flows
    , between AS
    (
        SELECT
            ends[1] AS source, ends[2] AS target, sumForEach(counts) AS sums, max(rtt_us) AS rtt,
            arraySort(groupUniqArray(port)) AS ports, sumMap(sketch) AS times, maxMap(usual) AS before
        FROM flows
        WHERE source != target
        GROUP BY source, target
    ),
    judged AS
    (
        SELECT
            source, target, ports, rtt, sums[1] AS opened, sums[2] AS failed, sums[4] / seconds AS bytes_s,
            thousands(bytes_s) AS unit, sums[6] AS again, sums[7] AS asked, sums[8] AS wrong,
            mapKeys(times) AS buckets, arrayCumSum(mapValues(times)) AS passed,
            mapKeys(before) AS known, arrayCumSum(mapValues(before)) AS known_passed,
            greatest(failed / greatest(sums[3], 1), wrong / greatest(asked, 1)) AS failed_share,
            again / greatest(sums[5], 1) AS retransmit_share, sums[5] AS segments
        FROM between
    ),
    timed AS
    (
        SELECT
            *, quantiles(buckets, passed, [limit_half, limit_tenth]) AS quick,
            quantiles(known, known_passed, [limit_half, limit_tenth, limit_usual_most, limit_usual_nearly_all]) AS usually_ms,
            greatest(
                failing_health(failed_share, retransmit_share, segments),
                slow_health(quick, usually_ms, passed[-1], known_passed[-1])) AS health
        FROM judged
    ),
    worded AS
    (
        SELECT *, short(arrayConcat(
            [
                opened / seconds, bytes_s / pow(1000, unit), asked / seconds, 100 * wrong / greatest(asked, 1),
                rtt / 1000, 100 * retransmit_share, usually_ms[1]
            ],
            quantiles(buckets, passed, [0.5, 0.99]))) AS said
        FROM timed
    )
SELECT
    concat(source, ' > ', target) AS id,
    source,
    target,
    concat(said[1], ' conn/s') AS mainstat,
    concat(said[2], ' ', units[unit + 1]) AS secondarystat,
    toFloat64(round(1 + least(7, log2(1 + bytes_s / 1000) / 2), 1)) AS thickness,
    ['#73bf69', '#ff9830', '#e02f44'][health + 1] AS color,
    arrayStringConcat(arraySlice(ports, 1, 10), ', ') AS detail__ports,
    if(asked > 0, 'http', 'tcp') AS detail__signals,
    if(asked = 0, '', concat(said[3], ' req/s')) AS detail__requests,
    if(wrong = 0, '', concat(said[4], ' %% of requests')) AS detail__errors,
    if(empty(buckets), '', concat('p50 ', said[8], ' ms, p99 ', said[9], ' ms')) AS detail__latency,
    if(empty(buckets) OR known_passed[-1] < limit_usual_answers, '', concat('p50 ', said[7], ' ms')) AS detail__usual,
    if(rtt = 0, '', concat(said[5], ' ms')) AS detail__rtt,
    if(failed = 0, '', concat(toString(failed), ' connections failed')) AS detail__failed,
    if(again = 0, '', concat(said[6], ' %% of segments')) AS detail__retransmits,
    toFloat64(failed_share) AS failed_share,
    toFloat64(retransmit_share) AS retransmit_share
FROM worded
ORDER BY id
SETTINGS optimize_move_to_prewhere_if_final = 1
