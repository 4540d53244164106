"""Senders: a notification to where a channel leads."""
