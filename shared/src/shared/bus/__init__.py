"""The bus: connection, topology, outbox, inbox, consumers, dead letters, request/reply, watchdog."""
