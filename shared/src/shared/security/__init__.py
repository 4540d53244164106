"""Input that nobody vouches for: which addresses may be connected to, bounded YAML, redaction of credentials."""
