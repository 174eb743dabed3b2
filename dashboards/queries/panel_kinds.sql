-- `wanted(kind)` says whether a kind of event is asked for. Included after WITH.
-- Parameters: kinds, with commas between, "" for all.
    (one -> %(kinds)s = '' OR has(splitByChar(',', %(kinds)s), toString(one))) AS wanted,
