"""What other programs read: graphs of what was there, and traces of requests. One file for each format."""
