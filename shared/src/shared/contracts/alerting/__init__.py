"""Alerts, and the channels that their notifications go to."""
