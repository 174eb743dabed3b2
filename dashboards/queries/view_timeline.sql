-- Follows view_ended: what all edges together did, a row for each `step` ms in which anything was seen.
-- Columns: when it begins, in ms; edges; connections opened and failed; bytes; retransmits.
-- Parameters: step in ms.
    counted AS
    (
        SELECT
            intDiv(at, %(step)s) * %(step)s AS point, c, s, transport, port,
            sum(opened) AS opened_, sum(failed) AS failed_,
            sum(greatest(c_sent, s_received) + greatest(c_received, s_sent)) AS bytes_,
            sum(c_retransmits + s_retransmits) AS retransmits_
        FROM ended
        GROUP BY point, c, s, transport, port
    )
SELECT
    point, count() AS edges, sum(opened_) AS opened, sum(failed_) AS failed, sum(bytes_) AS bytes,
    sum(retransmits_) AS retransmits
FROM counted
GROUP BY point
ORDER BY point
