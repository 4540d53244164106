"""Use cases of services: their versions, traffic and routes, what the scheduler observed, and roll-back."""
