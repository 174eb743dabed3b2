-- Hosts as the values of a variable: id and name. With `any` "yes" the first stands for all of them.
-- Parameters: any.
SELECT value, text
FROM
(
    SELECT '' AS value, 'any' AS text WHERE %(any)s = 'yes'
    UNION ALL
    SELECT toString(host) AS value, if(hostname = '', toString(host), hostname) AS text FROM hosts FINAL
)
ORDER BY value != '', lower(text), value
LIMIT 5000
