"""Commands that read logs, events, metrics, inference tables and dead letters."""
