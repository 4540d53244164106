"""Tables that are derived from others are brought on as these get rows."""
