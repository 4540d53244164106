"""Minutes and samples as rows."""
