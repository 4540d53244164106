"""One window of one rule: computed, stored, told to the alerts, in one unit of work."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

from monitor.domain import sentences
from monitor.domain.rules.signals import signals_of
from monitor.domain.rules.timing import Window
from monitor.domain.rules.verdicts import Verdict, failed
from monitor.domain.statistics.judging.states import worst_of
from monitor.handlers.alerts.observe import observe
from monitor.handlers.rules.kinds.estimated_rules import PREFIX, EstimatedRules
from monitor.handlers.rules.kinds.label_rules import LabelRules
from monitor.handlers.rules.kinds.measured_rules import MeasuredRules
from monitor.handlers.rules.kinds.table_rules import TableRules
from monitor.store.rules.progress import load_progress
from monitor.store.rules.windows import last_windows, save_window
from monitor.store.tables import RuleProgressRow
from shared.clock import Clock
from shared.contracts.quality.monitors import MOST_WINDOWS, Monitor
from shared.database import Database
from shared.errors import InvalidInput, PenstockError
from shared.text import without_nul

log = logging.getLogger(__name__)

LONGEST_REASON = 500
LONGEST_S = 600.0
"""So long a window may take: a table of a million rows and 20 columns takes seconds."""


@dataclass
class Evaluator:
    """Evaluates windows."""

    database: Database
    clock: Clock
    tables: TableRules
    labels: LabelRules
    estimated: EstimatedRules
    measured: MeasuredRules
    longest_s: float = LONGEST_S

    async def evaluate(self, rule: Monitor, window: Window) -> RuleProgressRow:
        """Compute a window and keep its verdicts; what cannot be computed now is kept as an error, and tried again."""
        verdicts, is_retried = await self._verdicts(rule, window)
        now = self.clock.now()
        async with self.database.unit_of_work() as session:
            await save_window(session, rule.id, window, verdicts, now, is_retried=is_retried)
            await session.flush()
            progress = await load_progress(session, rule)
            progress.evaluated_at = now
            if progress.evaluated_until is None or window.end >= progress.evaluated_until:
                progress.evaluated_until = window.end
                progress.state = worst_of([verdict.state for verdict in verdicts])
                progress.reason = next((each.reason for each in verdicts if each.state == progress.state), None)
            history = await last_windows(session, rule.id, MOST_WINDOWS)
            if signals := signals_of(rule, history):
                await observe(session, signals, now)
        return progress

    def _evaluator_of(self, rule: Monitor) -> WindowEvaluator:
        match rule.kind:
            case "data_quality" | "drift":
                return self.tables
            case "model_quality":
                return self.estimated if rule.metric.startswith(PREFIX) else self.labels
            case "service_quality" | "cost":
                return self.measured

    async def _verdicts(self, rule: Monitor, window: Window) -> tuple[list[Verdict], bool]:
        """And whether the window is to be tried again, since what failed may pass."""
        try:
            async with asyncio.timeout(self.longest_s):
                return await self._evaluator_of(rule).evaluate(rule, window), False
        except TimeoutError:
            log.warning("rule %s/%s was given up after %g s", rule.service, rule.name, self.longest_s)
            return [failed(sentences.TOO_LONG(seconds=f"{self.longest_s:g}"))], True
        except InvalidInput as error:
            return [failed(_reason(error))], False
        except PenstockError as error:
            log.info("rule %s/%s was not evaluated this time: %s", rule.service, rule.name, error.message)
            return [failed(_reason(error))], True
        except Exception as error:
            log.exception("evaluating rule %s/%s", rule.service, rule.name)
            return [failed(sentences.OWN_ERROR(error=type(error).__name__))], True


class WindowEvaluator(Protocol):
    """Computes windows of rules of a kind."""

    async def evaluate(self, rule: Monitor, window: Window) -> list[Verdict]:
        """The verdicts of a window."""
        ...


def _reason(error: PenstockError) -> str:
    """As databases can hold it: it may quote a value of a row."""
    return without_nul(error.message[:LONGEST_REASON])
