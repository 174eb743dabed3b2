-- Lines of what was asked, included after `mine` and `asked`: HTTP requests by class of status, and unanswered. Where none
-- is seen in the whole range, the connections that were opened; a line's name says which.
    told_of AS
    (
        SELECT at, series, http, sum(outcomes.many) AS many
        FROM
        (
            SELECT
                intDiv(toUnixTimestamp64Milli(begins), step) * step AS at, concat('HTTP ', outcome.1) AS series, 1 AS http,
                outcome.2 AS many
            FROM asked
            ARRAY JOIN
                arrayConcat(
                    arrayMap((what, n) -> (substring(what, -3), n), mapKeys(by), mapValues(by)), [('unanswered', unanswered)]
                ) AS outcome
            WHERE serves AND outcome.2 > 0
            UNION ALL
            SELECT at, 'connections opened', 0, opened FROM mine WHERE serves
        ) AS outcomes
        GROUP BY at, series, http
    ),
    counted AS
    (
        SELECT at, series, many FROM (SELECT *, max(http) OVER () AS any_http FROM told_of) WHERE http = any_http
    ),
-- include panel_lines
