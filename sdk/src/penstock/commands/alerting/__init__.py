"""Commands about alerts: what is wrong, whom it is told, and when not."""
