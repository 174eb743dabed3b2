-- What went wrong with a service, a second: HTTP requests, where any is seen, and connections that failed.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
-- include map_requests
-- include panel_service_asked
-- include panel_errors
