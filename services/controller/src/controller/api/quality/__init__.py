"""Quality rules and their windows."""
