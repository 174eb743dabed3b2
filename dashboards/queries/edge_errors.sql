-- What went wrong over an edge, a second: HTTP requests that were answered 5xx or never, where any request is seen in the
-- range, and connections that failed.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include map_requests
-- include panel_level
-- include panel_edge
-- include panel_edge_asked
    counted AS
    (
        SELECT intDiv(toUnixTimestamp64Milli(begins), step) * step AS at, error.1 AS series, error.2 AS many
        FROM asked
        ARRAY JOIN [('HTTP 5xx', toUInt64(errors - unanswered)), ('HTTP unanswered', unanswered)] AS error
        UNION ALL
        SELECT at, 'connections failed', failed FROM mine
    ),
-- include panel_lines
