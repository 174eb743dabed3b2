"""Programs that pass on what they are asked. Declared only here."""

PROXIES = frozenset({
    "caddy", "chproxy", "docker-proxy", "envoy", "haproxy", "kube-proxy", "linkerd2-proxy", "maxscale", "mongos",
    "mysqlrouter", "nginx", "odyssey", "pgbouncer", "pgpool", "proxysql", "squid", "traefik", "varnishd",
})  # fmt: skip
"""To any number of servers: that two of them have a proxy in common says nothing."""
SPREADERS = frozenset({"dynomite", "mcrouter", "nutcracker", "twemproxy"})
"""To the instances of one pool, as its clients do."""
