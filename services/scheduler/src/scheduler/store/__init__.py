"""The scheduler's own database: what is wanted, what was seen, who leads."""
