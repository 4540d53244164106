"""Values, decisions and ports of the scheduler. Nothing in here does I/O or looks at a clock."""
