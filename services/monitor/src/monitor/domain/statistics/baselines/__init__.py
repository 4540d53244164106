"""What windows are compared with: a profile whose bins are frozen."""
