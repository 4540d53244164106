"""The API server as this backend calls it: credentials by the `kubernetes` library, thin calls of plain objects."""
