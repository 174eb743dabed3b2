-- Follows view_ended: who a node talks to, busiest first.
-- Columns: the other's id, 1 if it is the client, transport, server's port; what is known of the other: host, service,
-- name, container; connections opened, failed, open at the end; bytes; retransmits; segments; round trip in us.
-- Parameters: node, an id; most, how many.
    facing AS
    (
        SELECT
            if(s = %(node)s, c, s) AS other, toUInt8(s = %(node)s) AS incoming, transport, port, at,
            max(if(incoming, c_host, s_host)) AS host, max(if(incoming, c_service, s_service)) AS service,
            max(if(incoming, c_name, s_name)) AS name, max(if(incoming, c_container, s_container)) AS container,
            sum(opened) AS opened_, sum(failed) AS failed_, sum(active) AS active_,
            sum(greatest(c_sent, s_received) + greatest(c_received, s_sent)) AS bytes,
            sum(c_retransmits + s_retransmits) AS retransmits, sum(c_segments + s_segments) AS segments,
            avgIf(if(c_rtt_us > 0, c_rtt_us, s_rtt_us), c_rtt_us > 0 OR s_rtt_us > 0) AS rtt_us
        FROM ended
        WHERE c = %(node)s OR s = %(node)s
        GROUP BY other, incoming, transport, port, at
    )
SELECT
    other, incoming, transport, port, max(host) AS host, max(service) AS service, max(name) AS name,
    max(container) AS container, sum(opened_) AS opened, sum(failed_) AS failed, argMax(active_, at) AS active,
    sum(bytes) AS moved, sum(retransmits) AS retransmits, sum(segments) AS segments, avgIf(rtt_us, rtt_us > 0) AS rtt
FROM facing
GROUP BY other, incoming, transport, port
ORDER BY moved DESC, other, incoming, transport, port
LIMIT %(most)s
