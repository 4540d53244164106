"""What can be asked about inference tables: rows, labels, masking and erasure. Nothing is sent here."""
