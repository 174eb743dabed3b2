-- The edges of a node graph (Grafana's, and the live view's): one row two nodes and direction, by id.
-- What a node does to itself is not drawn: it is a detail of the node. Details that are empty are not shown.
-- Parameters as in graph_flows.sql.
WITH
-- include graph_flows
SELECT
    concat(source, ' > ', target) AS id,
    source,
    target,
    told_connections(sum(opened) / seconds) AS mainstat,
    told_bytes(sum(bytes) / seconds) AS secondarystat,
    toFloat64(round(1 + least(7, log2(1 + sum(bytes) / seconds / 1000) / 2), 1)) AS thickness,
    multiIf(failed_share > 0.05, '#e02f44', failed_share > 0 OR retransmit_share > 0.02, '#ff9830', '#73bf69') AS color,
    arrayStringConcat(arrayMap(end -> concat(end.1, ' ', toString(end.2)),
        arraySlice(arraySort(groupUniqArray((protocol, port))), 1, 10)), ', ') AS detail__ports,
    told_time(max(rtt_us)) AS detail__rtt,
    if(sum(failed) = 0, '', concat(toString(sum(failed)), ' connections failed')) AS detail__failed,
    if(sum(retransmits) = 0, '', concat(toString(round(100 * retransmit_share, 2)), ' %% of segments')) AS detail__retransmits,
    toFloat64(sum(failed) / greatest(sum(opened), sum(failed), 1)) AS failed_share,
    toFloat64(sum(retransmits) / greatest(sum(segments), 1)) AS retransmit_share
FROM flows
WHERE source != target
GROUP BY source, target
ORDER BY id
SETTINGS optimize_move_to_prewhere_if_final = 1
