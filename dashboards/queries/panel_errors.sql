-- Lines of what went wrong, included after `mine` and `asked`: HTTP requests that were answered 5xx or never, where any
-- request is seen in the range, and connections that failed; with clients and with servers. Without HTTP there is no line
-- of it, and without errors a line of 0.
    counted AS
    (
        SELECT intDiv(toUnixTimestamp64Milli(begins), step) * step AS at, error.1 AS series, error.2 AS many
        FROM asked
        ARRAY JOIN
            arrayFilter(one -> one.3, [
                ('HTTP 5xx, to its clients', toUInt64(errors - unanswered), serves),
                ('HTTP unanswered, to its clients', unanswered, serves),
                ('HTTP errors, from its servers', errors, calls)
            ]) AS error
        UNION ALL
        SELECT at, error.1, error.2
        FROM mine
        ARRAY JOIN
            arrayFilter(one -> one.3, [
                ('connections failed, from its clients', failed, serves),
                ('connections failed, to its servers', failed, calls)
            ]) AS error
    ),
-- include panel_lines
