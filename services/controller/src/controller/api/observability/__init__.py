"""Routes of what other services recorded: metrics, events, logs, inference tables, dead letters."""
