"""Who may call a service: API keys, debug tickets, origins of web pages."""
