-- Follows view_ended: what a node did, a row for each `step` ms, as the server of others (in) and their client (out).
-- Columns: when it begins, in ms; bytes received and sent by the node; connections opened in and out, open in and out,
-- failed in and out; retransmits; segments; round trip in us, the mean of what was measured.
-- Parameters: node, an id; step in ms.
    windows AS
    (
        SELECT
            at,
            sumIf(greatest(c_sent, s_received), s = %(node)s) + sumIf(greatest(s_sent, c_received), c = %(node)s) AS got,
            sumIf(greatest(s_sent, c_received), s = %(node)s) + sumIf(greatest(c_sent, s_received), c = %(node)s) AS sent,
            sumIf(opened, s = %(node)s) AS opened_in, sumIf(opened, c = %(node)s) AS opened_out,
            sumIf(active, s = %(node)s) AS active_in, sumIf(active, c = %(node)s) AS active_out,
            sumIf(failed, s = %(node)s) AS failed_in, sumIf(failed, c = %(node)s) AS failed_out,
            sum(c_retransmits + s_retransmits) AS retransmits, sum(c_segments + s_segments) AS segments,
            avgIf(if(c_rtt_us > 0, c_rtt_us, s_rtt_us), c_rtt_us > 0 OR s_rtt_us > 0) AS rtt_us
        FROM ended
        WHERE c = %(node)s OR s = %(node)s
        GROUP BY at
    )
SELECT
    intDiv(at, %(step)s) * %(step)s AS point,
    sum(got) AS bytes_in, sum(sent) AS bytes_out, sum(opened_in) AS opened_in, sum(opened_out) AS opened_out,
    avg(active_in) AS active_in, avg(active_out) AS active_out, sum(failed_in) AS failed_in, sum(failed_out) AS failed_out,
    sum(retransmits) AS retransmits, avgIf(rtt_us, rtt_us > 0) AS rtt
FROM windows
GROUP BY point
ORDER BY point
