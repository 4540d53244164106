"""What at least two services use: events, state contracts, bus, database, errors, HTTP doors, telemetry, clock."""
