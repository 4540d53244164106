"""Systems that retrain: over HTTP, and the platform's own jobs."""
