"""Labels are taken in, joined with inferences, and counted."""
