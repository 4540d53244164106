"""Use cases of channels, silences and maintenance."""
