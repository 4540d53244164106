"""Words of notifications, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.alerting.channels import Language


@dataclass(frozen=True)
class Texts:
    """Words of one language; `{n}` and others are filled in."""

    title: str
    status: Mapping[str, str]
    severity: Mapping[str, str]
    rows: Mapping[str, str]
    """Names of rows that we know → in this language."""
    colon: str
    digest: str
    counts: Mapping[str, str]
    comma: str
    more: str
    open_alert: str
    open_all: str
    acknowledged_by: str
    test: str
    units: tuple[str, str, str, str]
    """Days, hours, minutes, seconds."""


EN = Texts(
    title="[{status} · {severity}] {name}",
    status={"firing": "FIRING", "acknowledged": "ACKNOWLEDGED", "resolved": "RESOLVED"},
    severity={"warning": "warning", "critical": "critical"},
    rows={
        "project": "Project",
        "service": "Service",
        "monitor": "Rule",
        "started": "Since",
        "ended": "Until",
        "duration": "Lasted",
        "labels": "Labels",
    },
    colon=": ",
    digest="{n} alerts: {counts}",
    counts={"firing": "{n} firing", "acknowledged": "{n} acknowledged", "resolved": "{n} resolved"},
    comma=", ",
    more="… and {n} more",
    open_alert="Open the alert",
    open_all="All alerts",
    acknowledged_by="Acknowledged by",
    test="TEST",
    units=(" d", " h", " min", " s"),
)
ZH = Texts(
    title="【{status}·{severity}】{name}",
    status={"firing": "告警", "acknowledged": "已确认", "resolved": "已恢复"},
    severity={"warning": "警告", "critical": "严重"},
    rows={
        "project": "项目",
        "service": "服务",
        "monitor": "规则",
        "started": "开始时间",
        "ended": "恢复时间",
        "duration": "持续",
        "labels": "标签",
        "value": "当前值",
        "threshold": "阈值",
        "baseline": "基线",
        "window": "窗口",
        "rows": "行数",
        "column": "列",
        "slice": "切片",
        "version": "版本",
        "metric": "指标",
        "report": "报告",
        "kind": "类型",
        "coverage": "标签覆盖率",
        "severity": "级别",
        "pod": "实例",
    },
    colon="：",
    digest="共 {n} 条告警：{counts}",
    counts={"firing": "{n} 条告警中", "acknowledged": "{n} 条已确认", "resolved": "{n} 条已恢复"},
    comma="，",
    more="……另有 {n} 条",
    open_alert="查看告警",
    open_all="查看全部告警",
    acknowledged_by="确认人",
    test="测试",
    units=(" 天", " 小时", " 分钟", " 秒"),
)


def texts_of(language: Language) -> Texts:
    """The words of a language."""
    return ZH if language == "zh" else EN


def lasted(took: timedelta, texts: Texts) -> str:
    """A duration in its two largest units: `1 h 5 min`."""
    seconds = max(0, int(took.total_seconds()))
    amounts = (seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)
    parts = [f"{amount}{unit}" for amount, unit in zip(amounts, texts.units, strict=True) if amount]
    return " ".join(parts[:2]) or f"0{texts.units[3]}"
