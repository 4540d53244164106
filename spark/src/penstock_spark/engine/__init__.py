"""The jobs as Spark runs them: where tables are read and written, micro-batches, checkpoints."""
