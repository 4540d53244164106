"""The connection to NATS: a client that survives faults, and the watchdog that checks and repairs it."""
