"""What the kernel's version shows of it, where nothing else does."""

import re

COOKIES_ARE_GLOBAL = (5, 3)  # before, each network namespace counted the cookies of its sockets from 1


def kernel_version(release: str) -> tuple[int, int] | None:
    """Return the first two numbers of a release, as in 6.1.0-13-amd64; None when it begins with none."""
    numbers = re.match(r"(\d+)\.(\d+)", release)
    return (int(numbers[1]), int(numbers[2])) if numbers else None
