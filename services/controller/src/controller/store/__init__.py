"""The controller's own database: tables, and the queries that the use cases need."""
