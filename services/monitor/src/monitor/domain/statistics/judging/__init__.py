"""From figures to states: thresholds, noise floors, many columns at once, several windows in a row."""
