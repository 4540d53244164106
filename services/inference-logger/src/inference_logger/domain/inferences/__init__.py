"""From rows of the payload table to rows of the inferences table: a pure step over Arrow batches."""
