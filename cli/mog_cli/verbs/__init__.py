"""One module per verb: each parses, calls one function of a library, and shows what it returned."""
