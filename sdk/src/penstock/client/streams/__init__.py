"""Streams over connections that are lost: how far one was read, and when it is looked for again."""
