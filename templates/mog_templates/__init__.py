"""Scaffolds that `mog new` renders."""
