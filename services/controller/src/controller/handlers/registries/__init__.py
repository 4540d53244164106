"""Use cases of where models come from: registries, and the secrets of registries and environment variables."""
