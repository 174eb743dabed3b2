-- How long a service took to answer HTTP requests, ms.
-- Parameters: service; host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_told
-- include map_requests
-- include panel_service_asked
-- include panel_latency
