-- Which addresses hosts have and who listens where on them, by hour and minute (schemas/graph.py): so an end that nobody
-- saw is found by its address and port. Who listens is one text, as in edges.
CREATE TABLE IF NOT EXISTS places
(
    hour DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    host LowCardinality(String),
    transport LowCardinality(String),
    port UInt16 CODEC(ZSTD(1)),
    scope LowCardinality(String),
    address LowCardinality(String),
    who LowCardinality(String),
    seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(DoubleDelta, ZSTD(1)),
    minutes SimpleAggregateFunction(groupBitOr, UInt64) CODEC(ZSTD(1)),
    before SimpleAggregateFunction(groupBitOr, UInt64) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toStartOfHour(hour)
ORDER BY (transport, port, host, scope, address, who, hour)
TTL toDateTime(hour) + INTERVAL 15 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;
