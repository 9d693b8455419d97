"""The linter behind `mog lint`: it reads source and never imports or runs it.

The modules are the public surface: `config.load_config`, `engine.lint_paths` and `engine.lint_source`, `findings`,
`fixes`, `formats`, `rules.all_rules` and `rules.find_rule`, `explain.explain`, `testing`, `errors`. This one imports
nothing, so that a command's help stays fast.
"""
