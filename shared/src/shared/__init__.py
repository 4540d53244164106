"""What at least two services use: events, state contracts, bus, database, errors, HTTP servers, telemetry, clock."""
