"""How a whole test run is started, guarded, measured, judged and reported.

`command` runs pytest in parts, each under a `guard` that owns every process that the part starts; `plugin` measures
phases inside pytest; `budgets`, `leaks` and `summary` decide and print what ends the run.
"""
