"""Retraining triggers: what is defined, and what may be."""
