"""The bus: events that are consumed, and calls by the service that makes them."""
