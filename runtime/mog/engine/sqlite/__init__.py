"""The embedded engine: broker, results and state in one SQLite file, shared by the processes of one machine.

- schema/, migrations.py: the tables. queries.sql, queries.py: the statements. rows.py: rows to records.
- database.py: opening, locking, closing; lock.py, filesystem.py, failures.py: its parts. A file, or memory.
- writer.py, transaction.py: group commit.
- lifecycle.py: a task's steps. consumer.py, watches.py: what waits for tasks and for results.
- neighbours.py, owners.py, doorbells.py, memory.py: other processes: waking them, seeing that they died.
- store.py: all of that together. broker.py, results.py, state.py: the contracts. engine.py: builds an engine.

Linux and macOS; Windows has neither ``flock`` nor Unix datagram sockets in Python.
"""
