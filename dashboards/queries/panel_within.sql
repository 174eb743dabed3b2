-- `within_ms(buckets, passed, share)` is the time, ms, that such a share of answers kept, within 1 %%, by the buckets of a
-- sketch and how many answers are in each and those below (schemas/latency.py); NULL of no answers. Included after WITH.
    (buckets, passed, share) -> if(empty(buckets), NULL, 2 * pow(
        1.01 / 0.99, buckets[arrayFirstIndex(n -> n > share * (passed[-1] - 1), passed)]
    ) / (1.01 / 0.99 + 1) / 1000) AS within_ms,
