-- Follows view_asked: requests, errors, and requests given up, on all edges together, a row for each `step` ms.
-- Parameters: step in ms.
SELECT
    intDiv(at, %(step)s) * %(step)s AS point,
    sum(requests) AS requests, sum(errors) AS errors, sum(given_up) AS given_up
FROM asked
GROUP BY point
ORDER BY point
