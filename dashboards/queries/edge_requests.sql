-- HTTP requests a second over an edge, by class of the answer's status, and unanswered.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_told
-- include map_requests
-- include panel_level
-- include panel_edge_asked
-- include panel_outcomes
