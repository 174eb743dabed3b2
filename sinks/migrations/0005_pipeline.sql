-- How the pipeline fares, told once a minute by each sink: not derived from the log, and so neither replayed nor rebuilt.
CREATE TABLE IF NOT EXISTS pipeline
(
    minute DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    measure LowCardinality(String),
    sink LowCardinality(String),
    value Float64 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toStartOfDay(minute)
ORDER BY (measure, minute, sink)
TTL toDateTime(minute) + INTERVAL 15 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;
