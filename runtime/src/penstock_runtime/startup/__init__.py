"""From the bound socket to a ready pod: load, check with the example, prove that callers may share."""
