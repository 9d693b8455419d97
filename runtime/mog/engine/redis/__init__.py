"""What the distributed engine keeps in Redis: records, values, State, who runs what, and what waits to be sent."""
