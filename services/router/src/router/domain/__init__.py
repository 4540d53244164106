"""What the router decides, without I/O: which service, which key, which version, which pod, what is recorded."""
