"""The embedded engine: broker, results and state in one SQLite file, shared by the processes of one machine.

- schema/, migrations.py: the tables. queries.sql, queries.py: the statements. rows.py: rows to records.
- database.py: opening, locking, closing; lock.py, filesystem.py, failures.py: its parts. A file, or memory.
- forks.py: what a fork does to an open database, and why a child must close it.
- writer.py, commit.py, transaction.py: group commit.
- lifecycle.py, revoking.py: a task's steps. consumer.py, watches.py: what waits for tasks and for results.
- neighbours.py, owners.py, doorbells.py, memory.py: other processes: waking them, seeing that they died.
- recovery.py: what is done for the others once a second. timers.py: timers by a clock that may be turned.
- store.py: all of that together. part.py, broker.py, results.py, state.py: the contracts. engine.py: builds an engine.

Linux and macOS; Windows has neither ``flock`` nor Unix datagram sockets in Python.
"""
