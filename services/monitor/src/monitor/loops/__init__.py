"""What runs by the clock: samples are packed, and what is too old is deleted."""
