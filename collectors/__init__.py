"""Host collectors: each reads one subject of this host and says only what it saw."""
