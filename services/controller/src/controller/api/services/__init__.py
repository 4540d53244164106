"""Routes of services: services, their versions, traffic, pods and debug requests."""
