-- What went wrong with what runs on a host, a second: HTTP requests, where any is seen, and connections that failed.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include map_requests
-- include panel_host
-- include panel_errors
