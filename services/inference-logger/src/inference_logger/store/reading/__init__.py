"""Rows of tables: what their files hold, read piece by piece. Blocking; callers run it in a thread."""
