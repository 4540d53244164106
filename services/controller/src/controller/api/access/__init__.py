"""Routes of people and credentials: projects, users, tokens, API keys, and the audit log."""
