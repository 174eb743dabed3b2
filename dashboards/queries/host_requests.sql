-- HTTP requests a second to what runs on a host, by class of the answer's status, and unanswered; where no HTTP is seen,
-- connections that were opened to it.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include map_requests
-- include panel_host
-- include panel_outcomes
