-- How long HTTP requests over an edge took to be answered, ms; where no answer is seen, its round trips.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include map_requests
-- include panel_level
-- include panel_edge
-- include panel_edge_asked
-- include panel_latency
