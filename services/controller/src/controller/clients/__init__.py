"""Other systems, their exceptions translated here."""
