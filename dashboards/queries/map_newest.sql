-- The newest window stored (ms since the epoch, 0 when there is none) and its width (ms): that of edges, which the map
-- is made of. Those of hosts count where there have been no edges for some windows. Edges of that window are read only
-- where no host told of it: their time is the last column of their key.
WITH
    (SELECT max(window) FROM edges) AS of_edges,
    (SELECT max(window) FROM host_usage) AS of_hosts,
    (SELECT max(width_ms) FROM host_usage WHERE window = of_hosts) AS width,
    if(of_edges + toIntervalMillisecond(3 * width) >= of_hosts, of_edges, of_hosts) AS newest,
    (SELECT max(width_ms) FROM host_usage WHERE window = newest) AS told
SELECT
    toUnixTimestamp64Milli(newest) AS start_ms,
    greatest(told, (SELECT max(width_ms) FROM edges WHERE window = newest AND told = 0)) AS window_ms
