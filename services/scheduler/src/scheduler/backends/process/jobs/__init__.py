"""Supervised jobs: code of a user that runs once, to its end, under a shim, confined and limited like a pod."""
