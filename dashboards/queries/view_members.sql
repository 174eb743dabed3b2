-- The processes at a node or at the ends of an edge in [from, to), busiest first.
-- Columns: id of the process (or of the host or address, where it is not known), its host.
-- Parameters: level; nodes, ids of it; from, to in ms; most, how many.
WITH
-- include view_rows
    ends AS
    (
        SELECT c AS node, c_process AS process, c_host AS host, c_sent + c_received AS bytes FROM ended WHERE c IN %(nodes)s
        UNION ALL
        SELECT s AS node, s_process AS process, s_host AS host, s_sent + s_received AS bytes FROM ended WHERE s IN %(nodes)s
    )
SELECT process, max(host)
FROM ends
GROUP BY process
ORDER BY sum(bytes) DESC, process
LIMIT %(most)s
