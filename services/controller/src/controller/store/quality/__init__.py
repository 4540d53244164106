"""Quality rules as rows."""
