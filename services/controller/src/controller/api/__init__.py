"""Door: REST under `/api/v1`. One file per resource; one request is one transaction, committed here alone."""
