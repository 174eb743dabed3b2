-- Lines of latency, ms, included after `mine` and `asked`: the time to answer HTTP, of which the sketches of a point are
-- added up. Where no answer is seen in the whole range, the round trip of connections, over processes, as the server's
-- kernel measured it, else the client's; a line's name says which.
-- include panel_within
    timed AS
    (
        SELECT
            at, 1 AS http,
            arrayMap(
                (name, share) -> (concat('HTTP, ', name), assumeNotNull(within_ms(buckets, passed, share))),
                ['half within', '95 %% within', '99 %% within'], [0.5, 0.95, 0.99]
            ) AS lines
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
        UNION ALL
        SELECT at, 0, [('round trip, half within', spread[1] / 1000), ('round trip, 95 %% within', spread[2] / 1000)]
        FROM
        (
            SELECT at, quantiles(0.5, 0.95)(if(server_rtt_us > 0, server_rtt_us, client_rtt_us)) AS spread
            FROM mine
            WHERE serves AND greatest(server_rtt_us, client_rtt_us) > 0
            GROUP BY at
        )
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, line.1 AS series, toFloat64(line.2) AS value
FROM (SELECT *, max(http) OVER () AS any_http FROM timed)
ARRAY JOIN lines AS line
WHERE http = any_http
ORDER BY time, series
