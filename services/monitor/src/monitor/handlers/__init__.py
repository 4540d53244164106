"""Use cases of the monitor: take samples, lines and facts in; answer questions about them."""
