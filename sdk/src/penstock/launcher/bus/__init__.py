"""NATS of one platform: who may do what, its configuration, how it is."""
