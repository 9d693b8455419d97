"""The language server behind `mog lsp`: what the linter knows of a project, told to an editor while its user types.

It needs the extra `lsp`, and is imported by that verb alone. Two threads share the work: the event loop talks to the
editor, and one more thread, the `worker`, holds the projects and all that is known of them.
"""
