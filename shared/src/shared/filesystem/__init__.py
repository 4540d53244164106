"""The disk of a service: whether it can be written, and files that are set aside because they are damaged."""
