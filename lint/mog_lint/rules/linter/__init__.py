"""The linter itself: files that cannot be read, and comments that silence rules."""
