"""Commands about quality rules."""
