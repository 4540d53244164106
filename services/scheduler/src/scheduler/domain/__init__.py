"""Values, decisions and ports of the scheduler. Nothing in here does I/O or reads a clock."""
