"""Tables that are derived from another table's commits, exactly once; signatures that their steps need."""
