"""A package, so that one Chromium serves all its files: pytest ends what has a package's scope with the last one."""
