"""A package, so that one Chromium serves all of its files: pytest ends what has the scope of a package with the last."""
