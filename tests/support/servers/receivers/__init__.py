"""Servers that take notifications as the vendors' own do: they check what comes, and say no in the vendors' ways."""
