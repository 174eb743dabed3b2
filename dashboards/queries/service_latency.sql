-- How long a service took to answer HTTP requests, ms; where no answer is seen, round trips to its clients.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
-- include map_requests
-- include panel_service_asked
-- include panel_latency
