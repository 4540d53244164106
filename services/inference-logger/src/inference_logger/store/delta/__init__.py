"""Delta tables: opened and kept open, appended to exactly once, searched; each in a bound of time."""
