"""Commands of projects, users, tokens and contexts."""
