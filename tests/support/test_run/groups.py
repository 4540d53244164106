"""Which test files belong together: the tests' conftest says it, the scheduler of the run heeds it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

GROUP_OF = pytest.StashKey[Callable[[str], str]]()
"""The name of the group of a test file; one worker runs all of a group. By default each file is one."""
