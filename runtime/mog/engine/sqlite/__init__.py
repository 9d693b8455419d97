"""The embedded engine: one SQLite file, no service."""
