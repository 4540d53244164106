"""The REST API under `/api/v1`, one file per resource. One request is one transaction, committed here alone."""
