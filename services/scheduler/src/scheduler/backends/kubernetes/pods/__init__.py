"""The pods of this installation: what is observed of them, what they print, use and have run."""
