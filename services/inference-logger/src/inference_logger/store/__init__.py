"""Delta tables, and the catalogue in the service's own database."""
