"""How all parts listen for clients."""

BACKLOG = 1024  # the kernel holds those who cannot be let in at once
TRIES = 100  # ports from the usual one on, until one is free
