-- `recorded_windows`, the windows of [since, until) that any host recorded and their widths in ms, included after WITH:
-- recorded.sql has the same host by host, and says why it asks edges and roll-ups as well.
    recorded_windows AS
    (
        WITH
            toStartOfHour(now() - INTERVAL 14 DAY) AS kept,
            (SELECT max(window) FROM host_usage WHERE window >= since AND window < until) AS beaten
        SELECT begins, max(ms) AS width
        FROM
        (
            SELECT window AS begins, toUInt64(width_ms) AS ms FROM host_usage WHERE window >= since AND window < until
            UNION ALL
            SELECT window AS begins, toUInt64(width_ms) AS ms FROM edges
            WHERE window > beaten AND window >= since AND window < until AND toUnixTimestamp64Milli(beaten) > 0
            UNION ALL
            SELECT hour AS begins, toUInt64(3600000) AS ms FROM edges_1h
            WHERE hour >= since AND hour < until AND hour < kept AND since < kept
        )
        GROUP BY begins
    ),
