"""Retraining triggers of services."""
