"""The bus: the stream of requests, tables that wait, facts and calls."""
