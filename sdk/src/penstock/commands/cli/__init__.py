"""Plumbing of the commands: arguments, the connection, exit codes, output."""
