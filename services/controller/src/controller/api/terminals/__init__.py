"""Sessions inside pods."""
