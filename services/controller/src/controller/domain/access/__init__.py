"""People and credentials: roles, the bodies of projects and users, API keys and tokens."""
