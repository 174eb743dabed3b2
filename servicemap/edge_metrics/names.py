"""The names that Tempo's metrics generator gives to the edges of its service graph, and others draw."""

REQUESTS = "traces_service_graph_request"  # a counter: _total is added
FAILED = "traces_service_graph_request_failed"
SECONDS = "traces_service_graph_request_server_seconds"
MEANINGS = {
    REQUESTS: "requests from a client to a server; connections where no requests are seen",
    FAILED: "requests that failed; connections where no requests are seen",
    SECONDS: "time to the answer, s",
}
