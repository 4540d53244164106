"""Canaries: the plan that a person makes, and what is to be done next. Pure."""
