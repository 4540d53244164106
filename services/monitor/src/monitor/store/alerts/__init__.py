"""Alerts, deliveries, definitions and channel states in the monitor's database."""
