"""Label sources are read: files, Delta tables, queries; and how far each is."""
