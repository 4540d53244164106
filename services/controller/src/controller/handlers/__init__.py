"""Use cases, one function each. They work inside a transaction that a door opened, and never commit."""
