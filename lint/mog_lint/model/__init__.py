"""What is known of a file (source, summary) and of the project (module names, where names lead, tasks)."""
