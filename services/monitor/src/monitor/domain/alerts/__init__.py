"""Alerts: what opens, changes and resolves them, who is told of it and when. Pure: time is passed in."""
