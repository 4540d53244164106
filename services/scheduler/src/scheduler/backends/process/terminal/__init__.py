"""Sessions inside pods that are processes."""
