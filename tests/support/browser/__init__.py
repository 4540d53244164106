"""A real Chromium for the tests of the console: where it is found, how it is started, what a page must never say."""
