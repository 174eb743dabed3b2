"""The graph of who talks to whom, read from the store: maps, their nodes and edges, HTTP requests, health."""
