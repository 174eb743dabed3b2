-- A service in numbers over a range: one row. Rates are a second; failed is the share of connects; RTT in microseconds.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
-- include panel_members
    recorded_seconds AS elapsed
SELECT
    toFloat64(sumIf(opened, serves) / elapsed) AS taken,
    toFloat64(sumIf(opened, calls) / elapsed) AS made,
    toFloat64(sumIf(asked_bytes + answered_bytes, serves) / elapsed) AS served,
    toFloat64(sumIf(asked_bytes + answered_bytes, calls) / elapsed) AS called,
    toFloat64(sum(failed) / greatest(sum(opened), sum(failed), 1)) AS failed_share,
    toFloat64(ifNotFinite(quantileIf(0.5)(server_rtt_us, serves AND server_rtt_us > 0), 0)) AS rtt,
    toFloat64(ifNull((SELECT count() FROM members), 0)) AS processes,
    toFloat64(ifNull((SELECT uniqExact(member_host) FROM members), 0)) AS hosts
FROM mine
