-- How long what runs on a host took to answer HTTP requests, ms; where no answer is seen, round trips to its clients.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include map_requests
-- include panel_host
-- include panel_latency
