"""The console in Chromium: bytes until it is usable, answers of a long list, many lines, a week of charts.

Other work on the machine makes everything slower and nothing faster: the best of the rounds is what the console needs,
and the processor time of the page's main thread is what it would need alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, ViewportSize

from benchmarks.console.store import SHOWN
from browser.visit import sign_in_link
from platforms.running_platform import Platform

Figures = dict[str, Any]
IN_PAGE = Path(__file__).with_name("page.js")
SCREEN: ViewportSize = {"width": 1440, "height": 900}
WITHIN_MS = 180_000
SCROLLED_PX = 4_000
LONG_MS = 50
WAITING = "() => document.querySelector('main .ant-skeleton-active, main [aria-busy=true]') === null"


@dataclass
class Opened:
    """A signed-in page of a platform, and the browser's own view of it."""

    page: Page
    url: str
    devtools: CDPSession

    def cpu_ms(self) -> float:
        """Of the main thread so far."""
        found = self.devtools.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in found if metric["name"] == "TaskDuration")) * 1000

    def ask(self, script: str, given: Any = None) -> Any:
        """What a function of the page says, called with `penstockBench`."""
        return self.page.evaluate(f"(given) => ({script})(window.penstockBench, given)", given)


@contextmanager
def opened(browser: Browser, platform: Platform) -> Iterator[Opened]:
    """A browser without a cache, signed in."""
    context: BrowserContext = browser.new_context(viewport=SCREEN, locale="en-US", reduced_motion="reduce")
    context.set_default_timeout(WITHIN_MS)
    context.add_init_script(path=IN_PAGE)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    try:
        page.goto(sign_in_link(platform))
        page.get_by_role("navigation").first.wait_for()
        yield Opened(page, platform.api_url.removesuffix("/api/v1"), devtools)
    finally:
        context.close()


def first_load(browser: Browser, platform: Platform) -> Figures:
    """From an empty cache until the table of services shows rows: script as it travels, time, processor time."""
    with opened(browser, platform) as seen:
        seen.page.wait_for_function("() => window.penstockBench.firstRow() !== undefined")
        seen.devtools.send("Network.clearBrowserCache")
        seen.page.goto("about:blank")
        before = seen.cpu_ms()
        seen.page.goto(f"{seen.url}/#/services", wait_until="commit")
        usable = seen.ask("(bench) => bench.rowsAfter(undefined)")
        script = seen.ask("(bench) => bench.scripts()")
        return {"script_kb": round(script / 1024, 1), "usable_ms": usable, "cpu_ms": seen.cpu_ms() - before}


def lists(browser: Browser, platform: Platform, rounds: int) -> Figures:
    """Action → milliseconds from the key or click to the painted rows: the first time, the best, the median."""
    with opened(browser, platform) as seen:
        page = seen.page
        _rows_after(seen, None)

        def words(label: str) -> Callable[[str], None]:
            return lambda value: page.get_by_label(label, exact=True).fill(value)

        # What is done before the key is pressed: to find the place of a click costs the page as much as a list does.
        actions: dict[str, tuple[Callable[[str], None], list[str]]] = {
            "page": (lambda _: page.get_by_role("button", name="Next").focus(), [""] * (rounds + 1)),
            "search": (words("Search"), [f"service-{number:03}" for number in range(rounds + 1)]),
            "filter": (words("Creator"), [f"user-{number % 7}" for number in range(rounds + 1)]),
            "sort": (lambda _: page.get_by_role("columnheader", name="Created").focus(), [""] * (rounds + 1)),
        }
        return {name: _answers(seen, prepare, values) for name, (prepare, values) in actions.items()}


def _answers(seen: Opened, prepare: Callable[[str], None], values: list[str]) -> Figures:
    seen.page.goto(f"{seen.url}/#/services")
    seen.page.reload()
    _rows_after(seen, None)
    taken, cpu = [], []
    for value in values:
        prepare(value)
        first, before = seen.ask("(bench) => bench.firstRow()"), seen.cpu_ms()
        seen.page.keyboard.press("Enter")
        taken.append(_rows_after(seen, first))
        cpu.append(seen.cpu_ms() - before)
    warm = sorted(taken[1:])
    return {"first_ms": taken[0], "best_ms": warm[0], "median_ms": warm[len(warm) // 2], "best_cpu_ms": min(cpu)}


def _rows_after(seen: Opened, first: str | None) -> float:
    """Milliseconds from the last key or click until the rows after it are painted."""
    return float(
        seen.ask("async (bench, first) => (await bench.rowsAfter(first ?? undefined)) - bench.seen.acted", first)
    )


def log_lines(browser: Browser, platform: Platform, lines: int) -> Figures:
    """First lines, then all of them by scrolling up, then down again over all of them."""
    with opened(browser, platform) as seen:
        page = seen.page
        page.goto(f"{seen.url}/#/services/{SHOWN}")
        page.wait_for_function(WAITING)
        before = seen.ask("(bench) => performance.now()")
        page.goto(f"{seen.url}/#/services/{SHOWN}/logs")
        page.locator(".log-line").first.wait_for()
        figures: Figures = {
            "first_lines_ms": seen.ask("async (bench, before) => (await bench.painted()) - before", before)
        }
        empty = _heap_mb(seen)
        figures["lines"] = page.evaluate(READ_ALL, lines)
        figures |= {f"reading_{name}": value for name, value in _long_tasks(seen).items()}
        figures["heap_mb"] = _heap_mb(seen) - empty
        cpu = seen.cpu_ms()
        browser.start_tracing(page=page, categories=["toplevel"])
        frames = page.evaluate(SCROLL_DOWN, SCROLLED_PX)
        tasks = _tasks_cpu_ms(browser.stop_tracing())
        figures |= {"frames": frames, "cpu_ms_a_frame": (seen.cpu_ms() - cpu) / frames, **_long_tasks(seen)}
        figures |= {"long_cpu_tasks": sum(each > LONG_MS for each in tasks), "longest_cpu_ms": max(tasks, default=0)}
        figures["nodes"] = page.evaluate("() => document.querySelectorAll('.log-list *').length")
        return figures


READ_ALL = """async (wanted) => {
  const list = document.querySelector('.log-list');
  const count = () => Math.round(document.querySelector('.log-lines').clientHeight / 20);
  const until = performance.now() + 240000;
  while (count() < wanted && performance.now() < until) {
    list.scrollTop = 0;
    await window.penstockBench.painted();
  }
  return count();
}"""
SCROLL_DOWN = """async (px) => {
  const list = document.querySelector('.log-list');
  list.scrollTop = 0;
  await window.penstockBench.painted();
  let frames = 0;
  while (list.scrollTop + list.clientHeight < list.scrollHeight - 1) {
    list.scrollTop += px;
    await window.penstockBench.painted();
    frames += 1;
  }
  return frames;
}"""


def _long_tasks(seen: Opened) -> Figures:
    """Since the last look: how many took more than 50 ms of the main thread, and the longest."""
    found = seen.ask("(bench) => bench.seen.longTasks.splice(0)")
    return {"long_tasks": len(found), "longest_ms": max(found, default=0)}


def _tasks_cpu_ms(trace: bytes) -> list[float]:
    """Processor time of each task of the page's main thread: unlike its duration, nothing else makes it longer."""
    events = json.loads(trace)["traceEvents"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event.get("tdur", 0) / 1000
        for event in events
        if event["name"].endswith("RunTask") and (event["pid"], event["tid"]) in threads
    ]


def _heap_mb(seen: Opened) -> float:
    seen.devtools.send("HeapProfiler.collectGarbage")
    return float(seen.devtools.send("Runtime.getHeapUsage")["usedSize"]) / 2**20


def charts(browser: Browser, platform: Platform, rounds: int) -> Figures:
    """From the answer with seven days by 5 minutes until the last line is drawn; the page was there before."""
    with opened(browser, platform) as seen:
        monitor = f"{seen.url}/#/services/{SHOWN}/monitor"
        taken, cpu = [], []
        for _ in range(rounds):
            seen.page.goto(f"{monitor}?step=300&range=24h")
            seen.page.reload()  # what an earlier round has read is forgotten
            _drawn(seen)
            seen.ask("(bench) => bench.forget()")
            before = seen.cpu_ms()
            seen.page.goto(f"{monitor}?step=300&range=7d")
            taken.append(_drawn(seen))
            cpu.append(seen.cpu_ms() - before)
        drawn = seen.page.locator("main canvas").count()
        return {"charts": drawn, "draw_ms": min(taken), "cpu_ms": min(cpu)}


def _drawn(seen: Opened) -> float:
    """Milliseconds from the last answer to the last line drawn, once nothing is drawn for half a second."""
    seen.page.wait_for_function(
        "() => { const { seen, answeredAt } = window.penstockBench; const answered = answeredAt('/charts');"
        " return answered > 0 && seen.drawn > answered && performance.now() - seen.drawn > 500; }"
    )
    seen.page.wait_for_function(WAITING)
    return float(seen.ask("(bench) => bench.seen.drawn - bench.answeredAt('/charts')"))
