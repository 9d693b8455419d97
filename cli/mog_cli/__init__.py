"""The command `mog`."""
