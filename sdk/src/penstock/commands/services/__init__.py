"""Commands of services: their versions, traffic, API keys and pods, and waiting for them."""
