-- Roll-ups of process_requests, told anew as those of edges are (sinks/rollup.py). Maps add up key by key, so that the
-- quantiles of any stretch are those of its sketch. They are told before the edges of the same time: whoever reads them
-- goes by how far those are told, for where there is no HTTP there are no rows.
CREATE TABLE IF NOT EXISTS requests_1m
(
    minute DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    client LowCardinality(String),
    server LowCardinality(String),
    transport LowCardinality(String),
    server_port UInt16 CODEC(ZSTD(1)),
    client_service LowCardinality(String),
    client_name LowCardinality(String),
    client_host LowCardinality(String),
    server_service LowCardinality(String),
    server_name LowCardinality(String),
    server_host LowCardinality(String),
    sampling UInt16 CODEC(ZSTD(1)),
    requests UInt64 CODEC(T64, ZSTD(1)),
    errors UInt64 CODEC(T64, ZSTD(1)),
    unanswered UInt64 CODEC(T64, ZSTD(1)),
    by Map(String, UInt64) CODEC(ZSTD(1)),
    latency Map(UInt16, UInt64) CODEC(ZSTD(1)),
    version UInt64 CODEC(ZSTD(1)),
    gone UInt8 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version, gone)
PARTITION BY toStartOfDay(minute)
ORDER BY (minute, client, server, transport, server_port)
TTL toDateTime(minute) + INTERVAL 30 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS requests_1h
(
    hour DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    client LowCardinality(String),
    server LowCardinality(String),
    transport LowCardinality(String),
    server_port UInt16 CODEC(ZSTD(1)),
    client_service LowCardinality(String),
    client_name LowCardinality(String),
    client_host LowCardinality(String),
    server_service LowCardinality(String),
    server_name LowCardinality(String),
    server_host LowCardinality(String),
    sampling UInt16 CODEC(ZSTD(1)),
    requests UInt64 CODEC(T64, ZSTD(1)),
    errors UInt64 CODEC(T64, ZSTD(1)),
    unanswered UInt64 CODEC(T64, ZSTD(1)),
    by Map(String, UInt64) CODEC(ZSTD(1)),
    latency Map(UInt16, UInt64) CODEC(ZSTD(1)),
    version UInt64 CODEC(ZSTD(1)),
    gone UInt8 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version, gone)
PARTITION BY toStartOfMonth(hour)
ORDER BY (hour, client, server, transport, server_port)
TTL toDateTime(hour) + INTERVAL 400 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;
