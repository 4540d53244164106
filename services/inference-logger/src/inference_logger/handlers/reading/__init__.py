"""Tables are read for callers: lists, rows, statistics, files; the account of the request log."""
