"""Use cases of alerts: signals in, alerts and their deliveries out."""
