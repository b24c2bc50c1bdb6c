"""A small table of results that nobody may change without saying why (acceptance test R5)."""
