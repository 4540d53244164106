"""What the executors run, and what is decided about it: Arrow in, Arrow out. Nothing of Spark, no I/O."""
