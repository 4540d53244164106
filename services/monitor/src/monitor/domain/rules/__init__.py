"""Quality rules: which windows are due, what their verdicts are, which signals follow."""
