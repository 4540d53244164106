"""Brings the platform's processes up on one machine, keeps them up, and ends them."""
