"""A small shop to look at with the map: its services are processes of their own, and two of its edges are guilty."""
