-- HTTP requests a second to a service, by class of the answer's status, and unanswered.
-- Parameters: service; host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_told
-- include map_requests
-- include panel_service_asked
-- include panel_outcomes
