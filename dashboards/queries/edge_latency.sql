-- How long HTTP requests over an edge took to be answered, ms.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_told
-- include map_requests
-- include panel_level
-- include panel_edge_asked
-- include panel_latency
