-- Follows view_ended: what each side of an edge saw, a row for each `step` ms.
-- Columns: when it begins, in ms; connections opened, open and failed; bytes sent and received by the client as it counts
-- them, and by the server as that counts them; retransmits and segments of each; round trip of each in us, the mean of
-- what was measured; first and last time seen in ms; the rule.
-- Parameters: client, server, transport and port, which edge; step in ms.
    windows AS
    (
        SELECT
            at, max(rule) AS rule_, sum(opened) AS opened_, sum(active) AS active_, sum(failed) AS failed_,
            sum(c_sent) AS c_sent_, sum(c_received) AS c_received_, sum(s_sent) AS s_sent_, sum(s_received) AS s_received_,
            sum(c_retransmits) AS c_retransmits_, sum(s_retransmits) AS s_retransmits_,
            sum(c_segments) AS c_segments_, sum(s_segments) AS s_segments_,
            avgIf(c_rtt_us, c_rtt_us > 0) AS c_rtt, avgIf(s_rtt_us, s_rtt_us > 0) AS s_rtt
        FROM ended
        WHERE c = %(client)s AND s = %(server)s AND transport = %(transport)s AND port = %(port)s
        GROUP BY at
    )
SELECT
    intDiv(at, %(step)s) * %(step)s AS point,
    sum(opened_) AS opened, avg(active_) AS active, sum(failed_) AS failed,
    sum(c_sent_) AS client_sent, sum(c_received_) AS client_received,
    sum(s_sent_) AS server_sent, sum(s_received_) AS server_received,
    sum(c_retransmits_) AS client_retransmits, sum(s_retransmits_) AS server_retransmits,
    sum(c_segments_) AS client_segments, sum(s_segments_) AS server_segments,
    avgIf(c_rtt, c_rtt > 0) AS client_rtt, avgIf(s_rtt, s_rtt > 0) AS server_rtt,
    min(at) AS first, max(at) AS last, max(rule_) AS rule
FROM windows
GROUP BY point
ORDER BY point
