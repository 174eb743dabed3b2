-- HTTP requests a second to a service, by class of the answer's status, and unanswered; where no HTTP is seen,
-- connections that its clients opened.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
-- include map_requests
-- include panel_service_asked
-- include panel_outcomes
