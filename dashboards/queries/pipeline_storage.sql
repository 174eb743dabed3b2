-- What each table takes in the store, and how its parts merge.
-- Parameters: none.
SELECT
    table AS stored, toFloat64(sum(rows)) AS rows, toFloat64(sum(bytes_on_disk)) AS bytes,
    toFloat64(sum(data_uncompressed_bytes) / greatest(sum(data_compressed_bytes), 1)) AS ratio,
    count() AS parts, uniqExact(partition) AS partitions, max(modification_time) AS written
FROM system.parts
WHERE active AND database = currentDatabase()
GROUP BY table
ORDER BY bytes DESC, stored
