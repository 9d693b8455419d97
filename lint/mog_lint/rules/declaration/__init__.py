"""Declaration: how tasks are declared and named."""
