"""Host collectors: each reads one subject of this host and reports only what it saw."""
