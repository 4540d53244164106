"""What hangs where no exception reaches it ends its process, and says where each of its threads was.

pytest-timeout raises once for a test, in its main thread, as a signal's handler. That is too little where the main
thread waits in C code, where a library swallows the exception, and for a teardown after a test that timed out: such a
worker would stand until somebody ends the whole run, which then tells nothing.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Generator

import pytest

LEEWAY_S = 60.0
"""A phase may take so much longer than the test's own limit, which a teardown begins anew."""


class EndingWhatHangs:
    """Runs where tests run. `limit_s`: of a test without a mark of its own; 0 is no limit."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._stderr = os.dup(2)  # while a test runs, 2 is pytest's own file

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None]:
        yield from self._watched(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        yield from self._watched(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None]:
        yield from self._watched(item)

    def _watched(self, item: pytest.Item) -> Generator[None]:
        __tracebackhide__ = True
        limit_s = limit_of(item, self._limit_s)
        if limit_s > 0:
            faulthandler.dump_traceback_later(limit_s + LEEWAY_S, exit=True, file=self._stderr)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def configured_limit_s(config: pytest.Config) -> float:
    """Seconds that pytest-timeout gives a test without a mark; 0 where there is no limit, or no such plugin."""
    if not config.pluginmanager.hasplugin("timeout"):
        return 0.0
    return float(config.getoption("timeout") or config.getini("timeout") or 0)


def limit_of(item: pytest.Item, default_s: float) -> float:
    """Seconds that a test may take: those of its `timeout` mark, or the default."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark is not None and mark.args else default_s
