"""What rows look like and how far they have moved: profiles, baselines, distances, verdicts, quality of a model.

Pure: no clock, no files. `profiles.builder`, `baselines`, `drift.compare`, `quality`, `estimates` and `exports` load
NumPy and Arrow when they are imported (SciPy only when a test is computed); `kinds`, `slices`, `judging` and
`drift.figures` load neither, so that a process that only handles definitions and verdicts stays small: import the
others where they are called.
"""
