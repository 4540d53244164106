"""Each service of Penstock in the test's process or beside it, and what a test says to it and hears from it."""
