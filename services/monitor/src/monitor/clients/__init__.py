"""Other systems; their exceptions are translated here."""
