"""Family 4: long-running work."""
