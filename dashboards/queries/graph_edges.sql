-- The edges of a node graph (Grafana's, and the live view's): one row two nodes and direction, by id.
-- What a node does to itself is not drawn: it is a detail of the node. Details that are empty are not shown.
-- failed_share is the worse of two: connections that failed, and HTTP requests that were answered 5xx or never.
-- detail__signals says whether requests are known on it. Parameters as in graph_flows.sql.
WITH
-- include graph_flows
    , between AS
    (
        SELECT
            source, target, sum(opened) AS opened_, sum(failed) AS failed_, sum(bytes) / seconds AS bytes_s,
            sum(retransmits) AS again, sum(segments) AS segments_, max(rtt_us) AS rtt,
            groupUniqArray((protocol, port)) AS ports,
            sum(requests) AS asked, sum(errors) AS wrong, sumMap(sketch) AS times
        FROM flows
        WHERE source != target
        GROUP BY source, target
    )
SELECT
    concat(source, ' > ', target) AS id,
    source,
    target,
    told_connections(opened_ / seconds) AS mainstat,
    told_bytes(bytes_s) AS secondarystat,
    toFloat64(round(1 + least(7, log2(1 + bytes_s / 1000) / 2), 1)) AS thickness,
    multiIf(failed_share > 0.05, '#e02f44', failed_share > 0 OR retransmit_share > 0.02, '#ff9830', '#73bf69') AS color,
    arrayStringConcat(arrayMap(end -> concat(end.1, ' ', toString(end.2)),
        arraySlice(arraySort(ports), 1, 10)), ', ') AS detail__ports,
    if(asked > 0, 'http', 'tcp') AS detail__signals,
    told_requests(asked) AS detail__requests,
    told_errors(wrong, asked) AS detail__errors,
    told_latency(mapKeys(times), arrayCumSum(mapValues(times))) AS detail__latency,
    told_time(rtt) AS detail__rtt,
    if(failed_ = 0, '', concat(toString(failed_), ' connections failed')) AS detail__failed,
    if(again = 0, '', concat(toString(round(100 * retransmit_share, 2)), ' %% of segments')) AS detail__retransmits,
    toFloat64(greatest(failed_ / greatest(opened_, failed_, 1), wrong / greatest(asked, 1))) AS failed_share,
    toFloat64(again / greatest(segments_, 1)) AS retransmit_share
FROM between
ORDER BY id
SETTINGS optimize_move_to_prewhere_if_final = 1
