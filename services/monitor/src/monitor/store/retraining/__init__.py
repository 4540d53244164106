"""Retrainings and triggers as rows; nothing here decides anything."""
