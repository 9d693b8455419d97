"""Asyncio task queues."""
