-- Which collectors failed in a window, and why: nothing is known of their topics there.
ALTER TABLE host_usage
    ADD COLUMN IF NOT EXISTS failed SimpleAggregateFunction(max, Map(String, String)) CODEC(ZSTD(1)) AFTER missing;
