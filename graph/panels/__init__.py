"""Queries of panels about edges: of a service, of a host, and of an edge of the map.

Parameters: from, to in ms; interval in s; service, host (id), "" for any; level, and client and server, node ids of it;
port, "" for any.
"""
