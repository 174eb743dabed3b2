"""Alerts as code: rules over queries of edges (graph/) and of hosts, and the files that provision them."""
