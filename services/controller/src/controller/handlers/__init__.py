"""Use cases, one function each. The API, a consumer or a loop opens their transaction and commits it."""
