"""Consuming events: settlement (ack, delayed nak, dead letter), the dead letters, max-deliveries advisories."""
