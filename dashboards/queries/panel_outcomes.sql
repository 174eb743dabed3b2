-- Lines of what was asked, included after `mine` and `asked`: HTTP requests by class of status, unanswered, and given up by their
-- clients. Where none is seen in the whole range, the connections that were opened, which are read only then; a line's name
-- says which.
    (
        SELECT groupArray((at, series, many))
        FROM
        (
            SELECT
                intDiv(toUnixTimestamp64Milli(begins), step) * step AS at, concat('HTTP ', outcome.1) AS series,
                sum(outcome.2) AS many
            FROM asked
            ARRAY JOIN
                arrayConcat(
                    arrayMap((what, n) -> (substring(what, -3), n), mapKeys(by), mapValues(by)), [('unanswered', unanswered), ('given up', given_up)]
                ) AS outcome
            WHERE serves AND outcome.2 > 0
            GROUP BY at, series
        )
    ) AS of_http,
    counted AS
    (
        SELECT one.1 AS at, one.2 AS series, one.3 AS many FROM (SELECT arrayJoin(of_http) AS one)
        UNION ALL
        SELECT at, 'connections opened', opened FROM mine WHERE serves AND empty(of_http)
    ),
-- include panel_lines
