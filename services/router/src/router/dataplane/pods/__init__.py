"""Pooled keep-alive connections to pods, and the bounded parser of what pods send."""
