"""SQL of the monitor."""
