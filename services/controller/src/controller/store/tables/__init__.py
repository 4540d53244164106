"""Tables of the controller. Nobody else opens them; Alembic owns their shape."""

from controller.store.tables.access import (
    ApiKeyRow,
    MemberRow,
    ProjectRow,
    SessionRow,
    SignInLinkRow,
    TokenRow,
    UserRow,
)
from controller.store.tables.alerting import ChannelRow, MaintenanceRow, SilenceRow
from controller.store.tables.audit import AuditRow
from controller.store.tables.base import ControllerTable
from controller.store.tables.canaries import CanaryRow, CanaryVerdictRow
from controller.store.tables.idempotency import AnswerRow
from controller.store.tables.inference_tables import DestinationRow, ErasureRow, LabelSourceRow, MaskingKeyRow
from controller.store.tables.quality import MonitorRow
from controller.store.tables.registries import SecretRow
from controller.store.tables.resources import GroupProjectRow, GroupRow, NodeRow, PodRunRow, SpecRow
from controller.store.tables.retraining import RetrainingResultRow, RetrainingTriggerRow
from controller.store.tables.services import ObservationRow, RevisionRow, ServiceRow, VersionRow
from shared.bus.outbox import add_tables

__all__ = [
    "AnswerRow",
    "ApiKeyRow",
    "AuditRow",
    "CanaryRow",
    "CanaryVerdictRow",
    "ChannelRow",
    "ControllerTable",
    "DestinationRow",
    "ErasureRow",
    "GroupProjectRow",
    "GroupRow",
    "LabelSourceRow",
    "MaintenanceRow",
    "MaskingKeyRow",
    "MemberRow",
    "MonitorRow",
    "NodeRow",
    "ObservationRow",
    "PodRunRow",
    "ProjectRow",
    "RetrainingResultRow",
    "RetrainingTriggerRow",
    "RevisionRow",
    "SecretRow",
    "ServiceRow",
    "SessionRow",
    "SignInLinkRow",
    "SilenceRow",
    "SpecRow",
    "TokenRow",
    "UserRow",
    "VersionRow",
]

add_tables(ControllerTable.metadata)
