"""Use cases of people and credentials: projects, users, tokens, API keys, authentication."""
