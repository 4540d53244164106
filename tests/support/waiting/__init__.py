"""Time and work: conditions instead of sleeps, a clock that is set, statements that are counted."""
