"""The linter behind `mog lint`."""
