"""The parts of the rules, put together."""

from __future__ import annotations

from monitor.handlers.rules.baselines import Baselines
from monitor.handlers.rules.evaluation import Evaluator
from monitor.handlers.rules.kinds.estimated_rules import EstimatedRules
from monitor.handlers.rules.kinds.label_rules import LabelRules
from monitor.handlers.rules.kinds.measured_rules import MeasuredRules
from monitor.handlers.rules.kinds.table_rules import TableRules
from monitor.handlers.rules.late_labels import LateLabels
from monitor.handlers.rules.metric_tables import MetricTables
from monitor.handlers.rules.reports import WindowReports
from monitor.handlers.rules.rules import QualityRules
from monitor.handlers.rules.sources import PeerCalls, RowSources
from shared.clock import Clock
from shared.database import Database
from shared.storage.destinations import DestinationDefinitions


def reports_of(rules: QualityRules) -> WindowReports:
    """Reports of what these rules have judged."""
    return WindowReports(rules.database, rules.clock, rules, rules.evaluator.tables)


def rules_of(calls: PeerCalls, database: Database, clock: Clock) -> QualityRules:
    """Everything that follows and evaluates rules."""
    sources = RowSources(calls, DestinationDefinitions(calls, clock))
    tables = TableRules(sources, Baselines(database, sources, clock), MetricTables(calls, sources))
    evaluator = Evaluator(
        database, clock, tables, LabelRules(sources), EstimatedRules(sources), MeasuredRules(database, clock)
    )
    return QualityRules(calls, evaluator, LateLabels(database, sources, clock), database, clock)
