"""Notifications: one or several alerts as each channel writes them, and what its answer means. Pure."""
