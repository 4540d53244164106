"""Other services, asked over the bus."""
