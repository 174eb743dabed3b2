"""How numbers of requests say that they are estimates: under load one of `sampling` connections is looked at."""


def about(number: str, sampling: int) -> str:
    """Return a number with a mark if it is an estimate."""
    return f"~{number}" if sampling > 1 else number


def looked_at(sampling: int) -> str:
    """Return of how many connections estimates are made."""
    return f"1 of {sampling} connections looked at"
