"""Runs tasks: consume, admit, run, settle."""
