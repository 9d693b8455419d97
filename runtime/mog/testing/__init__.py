"""Fixtures for testing applications, and the suite that an engine must pass."""
