"""Every method: a contract test compares this catalogue with what the services declare. All are safe to repeat."""

from __future__ import annotations

from shared.contracts.rpc.controller import (
    DEPLOYMENTS,
    DESTINATIONS,
    ERASURES,
    LABEL_SOURCE_ACCESS,
    LABEL_SOURCES,
    MASKING_KEY,
    REGISTRY_ACCESS,
    SECRET_VALUES,
    STORAGE_CREDENTIALS,
)
from shared.contracts.rpc.controller_alerting import ALERTING, CHANNEL_CREDENTIALS
from shared.contracts.rpc.inference_logger import (
    ACCOUNTING,
    DESTINATION_STATES,
    ERASURE_RECEIPT,
    ERASURE_TERMS,
    ERASURES_BEGUN,
    READ,
    ROWS,
    TABLE,
    TABLES,
    TEST_DESTINATION,
)
from shared.contracts.rpc.inference_logger_labels import LABEL_COVERAGE, RECEIVE_LABELS
from shared.contracts.rpc.inference_logger_signatures import SIGNATURES
from shared.contracts.rpc.inference_logger_sources import LABEL_SOURCE_RUNS, LABEL_SOURCE_STATES, RUN_LABEL_SOURCE
from shared.contracts.rpc.method import RpcMethod
from shared.contracts.rpc.monitor import CHARTS, EVENTS, LOG_CONTEXT, LOGS, METRICS, SUMMARIES
from shared.contracts.rpc.monitor_alerts import ACKNOWLEDGE_ALERT, ALERT, ALERTS, CHANNEL_HEALTHS, TEST_CHANNEL
from shared.contracts.rpc.monitor_canaries import CANARY_BASELINE, CANARY_VERDICT
from shared.contracts.rpc.monitor_rules import MONITOR_STATES, MONITOR_WINDOWS, MONITORS, RUN_MONITOR
from shared.contracts.rpc.retraining import (
    AWAITED_MODELS,
    CANCEL_JOB,
    CANCEL_RETRAINING,
    JOB,
    RETRAIN,
    RETRAINING,
    RETRAINING_ACCESS,
    RETRAINING_RESULT,
    RETRAINING_TRIGGERS,
    RETRAININGS,
    RUN_JOB,
)
from shared.contracts.rpc.scheduler import (
    CAPACITY,
    ENVIRONMENT,
    NODES,
    POD_TIMELINE,
    PODS,
    RESTART_POD,
    RUNS,
    VERSION_STATES,
)

METHODS: tuple[RpcMethod, ...] = (
    MASKING_KEY, ERASURES, ERASURE_TERMS, ERASURE_RECEIPT, ERASURES_BEGUN,
    DESTINATIONS, STORAGE_CREDENTIALS, DESTINATION_STATES, TEST_DESTINATION,
    DEPLOYMENTS, REGISTRY_ACCESS, SECRET_VALUES, PODS, RESTART_POD, VERSION_STATES, NODES, CAPACITY, RUNS, METRICS,
    CHARTS, SUMMARIES, LOGS, LOG_CONTEXT, EVENTS, TABLES, TABLE, ROWS, READ, ACCOUNTING, POD_TIMELINE, ENVIRONMENT,
    RECEIVE_LABELS, LABEL_COVERAGE, SIGNATURES,
    CANARY_BASELINE, CANARY_VERDICT,
    LABEL_SOURCES, LABEL_SOURCE_ACCESS, LABEL_SOURCE_STATES, LABEL_SOURCE_RUNS, RUN_LABEL_SOURCE,
    MONITORS, MONITOR_WINDOWS, MONITOR_STATES, RUN_MONITOR,
    ALERTING, CHANNEL_CREDENTIALS, ALERTS, ALERT, ACKNOWLEDGE_ALERT, CHANNEL_HEALTHS, TEST_CHANNEL,
    RETRAINING_TRIGGERS, RETRAINING_ACCESS, RETRAIN, RETRAININGS, RETRAINING, CANCEL_RETRAINING,
    AWAITED_MODELS, RETRAINING_RESULT, RUN_JOB, JOB, CANCEL_JOB,
)  # fmt: skip
