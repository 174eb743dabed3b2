-- Lines of what went wrong, included after `mine` and `asked`: HTTP requests that were answered 5xx or never, where any
-- request is seen in the range, and connections that failed; with clients and with servers. Without HTTP there is no line
-- of it, and without errors a line of 0.
    counted AS
    (
        SELECT at, error.1 AS series, error.2 AS many
        FROM
        (
            SELECT
                intDiv(toUnixTimestamp64Milli(begins), step) * step AS at, max(serves) AS serving, max(calls) AS calling,
                sumIf(toUInt64(errors - unanswered), serves) AS refused, sumIf(unanswered, serves) AS ignored,
                sumIf(errors, calls) AS met
            FROM asked
            GROUP BY at
        )
        ARRAY JOIN
            arrayFilter(one -> one.3, [
                ('HTTP 5xx, to its clients', refused, serving),
                ('HTTP unanswered, to its clients', ignored, serving),
                ('HTTP errors, from its servers', met, calling)
            ]) AS error
        UNION ALL
        SELECT at, error.1 AS series, error.2 AS many
        FROM
        (
            SELECT
                at, max(serves) AS serving, max(calls) AS calling,
                sumIf(failed, serves) AS from_clients, sumIf(failed, calls) AS to_servers
            FROM mine
            GROUP BY at
        )
        ARRAY JOIN
            arrayFilter(one -> one.3, [
                ('connections failed, from its clients', from_clients, serving),
                ('connections failed, to its servers', to_servers, calling)
            ]) AS error
    ),
-- include panel_lines
