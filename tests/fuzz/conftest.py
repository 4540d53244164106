"""How long to fuzz: a fixed, bounded number of examples, the same in every run; more and random with `FUZZ=long`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile("bounded", max_examples=150, deadline=None, derandomize=True, suppress_health_check=QUIET)
settings.register_profile("long", max_examples=20_000, deadline=None, suppress_health_check=QUIET)
settings.load_profile("long" if os.environ.get("FUZZ") == "long" else "bounded")
