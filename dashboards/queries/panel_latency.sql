-- Lines of latency, ms, included after `mine` and `asked`: the time to answer HTTP, of which the sketches of a point are
-- added up. Where no answer is seen in the whole range, the round trip of connections, over processes, as the server's
-- kernel measured it, else the client's, which are read only then; a line's name says which.
-- include panel_within
    (
        SELECT
            groupArray((at, arrayMap(
                (name, share) -> (concat('HTTP, ', name), assumeNotNull(within_ms(buckets, passed, share))),
                ['half within', '95 %% within', '99 %% within'], [0.5, 0.95, 0.99]
            )))
        FROM
        (
            SELECT
                intDiv(toUnixTimestamp64Milli(begins), step) * step AS at, sumMap(latency) AS sketch,
                mapKeys(sketch) AS buckets, arrayCumSum(mapValues(sketch)) AS passed
            FROM asked
            WHERE serves
            GROUP BY at
            HAVING notEmpty(buckets)
        )
    ) AS of_http,
    timed AS
    (
        SELECT one.1 AS at, one.2 AS lines FROM (SELECT arrayJoin(of_http) AS one)
        UNION ALL
        SELECT at, [('round trip, half within', spread[1] / 1000), ('round trip, 95 %% within', spread[2] / 1000)]
        FROM
        (
            SELECT at, quantiles(0.5, 0.95)(if(server_rtt_us > 0, server_rtt_us, client_rtt_us)) AS spread
            FROM mine
            WHERE serves AND greatest(server_rtt_us, client_rtt_us) > 0 AND empty(of_http)
            GROUP BY at
        )
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, line.1 AS series, toFloat64(line.2) AS value
FROM timed
ARRAY JOIN lines AS line
ORDER BY time, series
