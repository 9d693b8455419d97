"""Family 2: the event loop."""
