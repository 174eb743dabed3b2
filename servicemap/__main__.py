"""`python -m servicemap`."""

from servicemap.cli import main

main()
