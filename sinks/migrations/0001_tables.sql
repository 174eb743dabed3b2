-- One row a flow and window, both ends side by side: end a is the lower endpoint of the flow, end b the higher.
-- Rows of one key merge by the merges that schemas/graph.py declares, so redelivery, replay and order change nothing.
-- Who is at an end is one text (sinks/tables.py, `packed`), so that it merges as a whole and no end is a mixture of two
-- processes; its parts are columns for people, cut from the dictionary's few values and not from every row.
-- Partitions are hours: a replay swaps them, and the key comes before the time because it compresses better.
CREATE TABLE IF NOT EXISTS edges
(
    window DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    transport LowCardinality(String),
    nth UInt16 CODEC(ZSTD(1)),
    verdict SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    width_ms SimpleAggregateFunction(max, UInt32) CODEC(ZSTD(1)),
    a_scope LowCardinality(String),
    a_address LowCardinality(String),
    a_port UInt16 CODEC(ZSTD(1)),
    a_who SimpleAggregateFunction(max, LowCardinality(String)),
    a_seen SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    a_since SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    a_fresh SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    a_opened SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    a_closed SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    a_failed SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    a_sent_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    a_received_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    a_sent_segments SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    a_received_segments SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    a_retransmits SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    a_rtt_us SimpleAggregateFunction(max, UInt32) CODEC(T64, ZSTD(1)),
    a_min_rtt_us SimpleAggregateFunction(max, UInt32) CODEC(T64, ZSTD(1)),
    b_scope LowCardinality(String),
    b_address LowCardinality(String),
    b_port UInt16 CODEC(ZSTD(1)),
    b_who SimpleAggregateFunction(max, LowCardinality(String)),
    b_seen SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    b_since SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    b_fresh SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    b_opened SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    b_closed SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    b_failed SimpleAggregateFunction(max, UInt8) CODEC(ZSTD(1)),
    b_sent_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    b_received_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    b_sent_segments SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    b_received_segments SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    b_retransmits SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    b_rtt_us SimpleAggregateFunction(max, UInt32) CODEC(T64, ZSTD(1)),
    b_min_rtt_us SimpleAggregateFunction(max, UInt32) CODEC(T64, ZSTD(1)),
    a_started UInt64 ALIAS toUInt64OrZero(regexpExtract(a_who, '^(?:[^\\t]*\\t){0}([^\\t]*)', 1)),
    a_host LowCardinality(String) ALIAS regexpExtract(a_who, '^(?:[^\\t]*\\t){1}([^\\t]*)', 1),
    a_node LowCardinality(String) ALIAS regexpExtract(a_who, '^(?:[^\\t]*\\t){2}([^\\t]*)', 1),
    a_service LowCardinality(String) ALIAS regexpExtract(a_who, '^(?:[^\\t]*\\t){3}([^\\t]*)', 1),
    a_name LowCardinality(String) ALIAS regexpExtract(a_who, '^(?:[^\\t]*\\t){4}([^\\t]*)', 1),
    a_container LowCardinality(String) ALIAS regexpExtract(a_who, '^(?:[^\\t]*\\t){5}([^\\t]*)', 1),
    a_provenance LowCardinality(String) ALIAS regexpExtract(a_who, '^(?:[^\\t]*\\t){6}([^\\t]*)', 1),
    a_tied UInt8 ALIAS toUInt8OrZero(regexpExtract(a_who, '^(?:[^\\t]*\\t){7}([^\\t]*)', 1)),
    b_started UInt64 ALIAS toUInt64OrZero(regexpExtract(b_who, '^(?:[^\\t]*\\t){0}([^\\t]*)', 1)),
    b_host LowCardinality(String) ALIAS regexpExtract(b_who, '^(?:[^\\t]*\\t){1}([^\\t]*)', 1),
    b_node LowCardinality(String) ALIAS regexpExtract(b_who, '^(?:[^\\t]*\\t){2}([^\\t]*)', 1),
    b_service LowCardinality(String) ALIAS regexpExtract(b_who, '^(?:[^\\t]*\\t){3}([^\\t]*)', 1),
    b_name LowCardinality(String) ALIAS regexpExtract(b_who, '^(?:[^\\t]*\\t){4}([^\\t]*)', 1),
    b_container LowCardinality(String) ALIAS regexpExtract(b_who, '^(?:[^\\t]*\\t){5}([^\\t]*)', 1),
    b_provenance LowCardinality(String) ALIAS regexpExtract(b_who, '^(?:[^\\t]*\\t){6}([^\\t]*)', 1),
    b_tied UInt8 ALIAS toUInt8OrZero(regexpExtract(b_who, '^(?:[^\\t]*\\t){7}([^\\t]*)', 1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toStartOfHour(window)
ORDER BY (transport, a_scope, a_address, a_port, b_scope, b_address, b_port, window, nth)
TTL toDateTime(window) + INTERVAL 15 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;

-- One row a process and hour: the last that was said of it in the hour.
CREATE TABLE IF NOT EXISTS nodes
(
    hour DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    node String CODEC(ZSTD(1)),
    seen DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    host LowCardinality(String),
    hostname LowCardinality(String),
    pid UInt32 CODEC(ZSTD(1)),
    started DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    parent UInt32 CODEC(ZSTD(1)),
    service LowCardinality(String),
    name LowCardinality(String),
    user LowCardinality(String),
    exe LowCardinality(String),
    cmdline String CODEC(ZSTD(1)),
    container LowCardinality(String),
    unit LowCardinality(String)
)
ENGINE = ReplacingMergeTree(seen)
PARTITION BY toStartOfHour(hour)
ORDER BY (node, hour)
TTL toDateTime(hour) + INTERVAL 15 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS events
(
    time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    kind LowCardinality(String),
    subject String CODEC(ZSTD(1)),
    object String CODEC(ZSTD(1)),
    host LowCardinality(String),
    service LowCardinality(String),
    detail String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toStartOfHour(time)
ORDER BY (time, kind, subject, object)
TTL toDateTime(time) + INTERVAL 90 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS process_usage
(
    window DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    node String CODEC(ZSTD(1)),
    host SimpleAggregateFunction(max, LowCardinality(String)),
    cpu_ms SimpleAggregateFunction(max, UInt32) CODEC(T64, ZSTD(1)),
    rss_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    fds SimpleAggregateFunction(max, Int32) CODEC(T64, ZSTD(1)),
    threads SimpleAggregateFunction(max, UInt32) CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toStartOfHour(window)
ORDER BY (node, window)
TTL toDateTime(window) + INTERVAL 15 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS host_usage
(
    window DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    host LowCardinality(String),
    width_ms SimpleAggregateFunction(max, UInt32) CODEC(ZSTD(1)),
    load1 SimpleAggregateFunction(max, Float32) CODEC(ZSTD(1)),
    cpu_ratio SimpleAggregateFunction(max, Float32) CODEC(ZSTD(1)),
    memory_used_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    memory_total_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    swap_used_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    network_received_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    network_sent_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    agent_cpu_ms SimpleAggregateFunction(max, UInt32) CODEC(T64, ZSTD(1)),
    agent_rss_bytes SimpleAggregateFunction(max, UInt64) CODEC(T64, ZSTD(1)),
    missing SimpleAggregateFunction(max, Map(String, String)) CODEC(ZSTD(1)),
    counters SimpleAggregateFunction(max, Map(String, UInt64)) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toStartOfHour(window)
ORDER BY (host, window)
TTL toDateTime(window) + INTERVAL 15 DAY DELETE
SETTINGS ttl_only_drop_parts = 1;

-- What each host is by its own last word; not a time series, and so not replayed.
CREATE TABLE IF NOT EXISTS hosts
(
    host LowCardinality(String),
    seen DateTime64(3, 'UTC'),
    boot_id String,
    hostname String,
    os String,
    kernel String,
    arch String,
    cpus UInt16,
    memory_bytes UInt64,
    booted DateTime64(3, 'UTC'),
    agent_version String,
    addresses Array(String),
    labels Map(String, String)
)
ENGINE = ReplacingMergeTree(seen)
ORDER BY host;
