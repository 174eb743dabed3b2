-- How far the traffic between two services is from what is usual, as a robust z-score: the distance from the median in
-- units of 1.4826 times the median distance from it (which is the standard deviation where values are normal).
-- What is compared are bytes of five minutes: the last five that are rolled up, with the same five of each earlier day;
-- while there are fewer than 5 such days, with those of the last six hours, if these are 12 at least. An edge is
-- compared with times since it was first seen, and a time when the map saw nothing of anybody is left out.
-- A unit is no less than a tenth of the median or 100 kB: what hardly varies may vary a little.
-- An edge without traffic counts only when its client's host (else its server's) was told of by then.
-- Parameters: from, to in ms.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    toStartOfInterval(fromUnixTimestamp64Milli(%(to)s, 'UTC') - INTERVAL 3 MINUTE, INTERVAL 5 MINUTE) AS until,
    told AS
    (
        SELECT toString(host) AS host, max(seen) AS told_to
        FROM nodes WHERE hour >= until - INTERVAL 2 HOUR AND seen < fromUnixTimestamp64Milli(%(to)s, 'UTC') GROUP BY host
    ),
    -- slot 0: now; -1, -2, …: so many days ago; 1, 2, …: so many times five minutes ago
    slots AS
    (
        SELECT
            toString(if(client_service = '', client_address, client_service)) AS client,
            toString(if(server_service = '', server_address, server_service)) AS server,
            concat(transport, ' ', toString(server_port)) AS port,
            toString(argMax(if(client_host = '', server_host, client_host), minute)) AS host,
            toInt32(if(age < 6 * 3600 + 300, intDiv(age, 300), -intDiv(age, 86400))) AS slot,
            min(minute) AS first_minute,
            toFloat64(sum(greatest(client_sent_bytes, server_received_bytes)
                + greatest(client_received_bytes, server_sent_bytes))) AS bytes
        FROM (SELECT *, dateDiff('second', minute, until) - 1 AS age FROM edges_1m FINAL WHERE minute >= since AND minute < until)
        WHERE (client_service != '' OR server_service != '') AND (age < 6 * 3600 + 300 OR age %% 86400 < 300)
        GROUP BY client, server, port, slot
    ),
    (SELECT groupUniqArray(slot) FROM slots) AS watched,
    edges_known AS
    (
        SELECT
            client, server, port, argMax(host, first_minute) AS host, min(first_minute) AS beginning,
            groupArray(slot) AS at, groupArray(bytes) AS moved,
            arrayFilter(one -> one < 0 AND until - INTERVAL 5 MINUTE - toIntervalDay(-one) >= beginning, watched) AS days,
            arrayFilter(one -> one > 0 AND until - toIntervalMinute(5 * one + 5) >= beginning, watched) AS recent,
            multiIf(length(days) >= 5, days, length(recent) >= 12, recent, []) AS base,
            arrayMap(one -> arrayElement(moved, indexOf(at, one)), base) AS usual,
            arrayElement(moved, indexOf(at, toInt32(0))) AS now,
            arrayReduce('medianExact', usual) AS median,
            arrayReduce('medianExact', arrayMap(each -> abs(each - median), usual)) AS deviation
        FROM slots
        GROUP BY client, server, port
    )
SELECT
    client, server, port,
    if(now < median, 'less', 'more') AS change,
    toFloat64(abs(now - median) / greatest(1.4826 * deviation, median / 10, 100000)) AS score
FROM edges_known
LEFT JOIN told ON told.host = edges_known.host
WHERE notEmpty(base) AND (now > 0 OR told_to >= until)
ORDER BY score DESC, client, server, port
LIMIT 100
