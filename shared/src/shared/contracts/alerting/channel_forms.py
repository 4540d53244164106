"""What every kind of channel is made of, for forms: fields, which are secret, help in English and Chinese, limits.

Made from the models that definitions are checked by, so that a form asks for what is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

from pydantic import Field

from shared.contracts.alerting.channel_credentials import CREDENTIALS, needs_credentials
from shared.contracts.alerting.channel_options import OPTIONS
from shared.contracts.alerting.channels import LIMITS, ChannelKind
from shared.contracts.base import Contract

FieldType = Literal["text", "number", "flag", "choice", "list", "map"]

_NAMES: Mapping[ChannelKind, tuple[str, str]] = {
    "wecom": ("WeCom", "企业微信"),
    "dingtalk": ("DingTalk", "钉钉"),
    "feishu": ("Feishu", "飞书"),
    "lark": ("Lark", "Lark"),
    "slack": ("Slack", "Slack"),
    "pagerduty": ("PagerDuty", "PagerDuty"),
    "alertmanager": ("Alertmanager", "Alertmanager"),
    "webhook": ("Webhook", "Webhook"),
    "smtp": ("Mail", "邮件"),
    "event": ("Event bus", "事件总线"),
}
_HELP: Mapping[ChannelKind, tuple[str, str]] = {
    "wecom": (
        "In the group: ⋯, Add group robot; copy the robot's webhook URL.",
        "在群聊中：⋯ → 添加群机器人，复制机器人的 Webhook 地址。",
    ),
    "dingtalk": (
        "In the group: Group settings, Bots, Add, Custom; choose Additional signature (or a keyword) and copy the "
        "webhook URL and the secret.",
        "在群聊中：群设置 → 机器人 → 添加 → 自定义；安全设置选择“加签”（或自定义关键词），复制 Webhook 地址和密钥。",
    ),
    "feishu": (
        "In the group: Settings, Bots, Add bot, Custom bot; turn on Signature verification and copy the webhook URL "
        "and the secret.",
        "在群聊中：设置 → 群机器人 → 添加机器人 → 自定义机器人；开启签名校验，复制 Webhook 地址和密钥。",
    ),
    "lark": (
        "In the group: Settings, Bots, Add bot, Custom bot; turn on Signature verification and copy the webhook URL "
        "and the secret.",
        "在群聊中：设置 → 机器人 → 添加机器人 → 自定义机器人；开启签名校验，复制 Webhook 地址和密钥。",
    ),
    "slack": (
        "Create an app at api.slack.com/apps, turn on Incoming Webhooks, add one to the channel and copy its URL.",
        "在 api.slack.com/apps 创建应用，启用 Incoming Webhooks，添加到频道并复制其地址。",
    ),
    "pagerduty": (
        "In the service: Integrations, Add integration, Events API V2; copy the integration key. An alert opens an "
        "incident, and resolves it.",
        "在 PagerDuty 服务中：Integrations → Add integration → Events API V2，复制 Integration Key。"
        "告警会创建事件，恢复时自动解决。",
    ),
    "alertmanager": (
        "Alerts are posted to its API v2 every minute while they fire; its own routes decide who is told.",
        "告警触发期间每分钟推送到 Alertmanager 的 API v2，由它自己的路由决定通知谁。",
    ),
    "webhook": (
        "A server of yours, which verifies messages with a library of standardwebhooks.com.",
        "您自己的服务，可用 standardwebhooks.com 提供的库校验消息。",
    ),
    "smtp": ("A mail server that takes mails from Penstock.", "用于发送邮件的 SMTP 服务器。"),
    "event": (
        "Nothing is sent: alert.raised, alert.updated and alert.resolved are on the bus.",
        "不发送消息：总线上有 alert.raised、alert.updated、alert.resolved 事件。",
    ),
}


class TwoLanguages(Contract):
    """A text for people."""

    en: str
    zh: str


class ChannelField(Contract):
    """One field of a form."""

    name: str
    type: FieldType
    is_required: bool
    is_secret: bool = Field(description="Kept as a secret: it goes in and never comes out.")
    help: TwoLanguages
    default: Any = None
    choices: tuple[str, ...] = Field(default=(), description="Of a choice.")
    minimum: int | None = Field(default=None, description="Of a number.")
    maximum: int | None = Field(default=None, description="Of a number.")
    most_items: int | None = Field(default=None, description="Of a list or map.")


class ChannelKindForm(Contract):
    """One kind of channel."""

    kind: ChannelKind
    name: TwoLanguages
    help: TwoLanguages = Field(description="Where what the fields ask for is found.")
    needs_secret: bool = Field(description="Whether there is no channel of this kind without a secret.")
    fields: tuple[ChannelField, ...] = Field(description="Options first, then fields of the secret.")
    per_minute: int = Field(description="Messages a minute that are sent at most; more are gathered into digests.")
    takes_digests: bool = Field(description="Whether one message may tell of several alerts.")


class ChannelKindForms(Contract):
    """Every kind."""

    items: tuple[ChannelKindForm, ...]


def channel_forms() -> ChannelKindForms:
    """Every kind, in the order in which they are offered."""
    return ChannelKindForms(items=tuple(_form(kind) for kind in get_args(ChannelKind)))


def _form(kind: ChannelKind) -> ChannelKindForm:
    return ChannelKindForm(
        kind=kind,
        name=_two(_NAMES[kind]),
        help=_two(_HELP[kind]),
        needs_secret=needs_credentials(kind, {}),
        fields=(*_options(kind), *_credentials(kind)),
        per_minute=LIMITS[kind].per_minute,
        takes_digests=LIMITS[kind].takes_digests,
    )


def _options(kind: ChannelKind) -> Iterator[ChannelField]:
    schema = OPTIONS[kind].model_json_schema()
    for name, field in schema.get("properties", {}).items():
        yield ChannelField(
            name=name,
            type=_type(field),
            is_required=name in schema.get("required", ()),
            is_secret=False,
            help=TwoLanguages(en=field["description"], zh=field["zh"]),
            default=field.get("default"),
            choices=tuple(field.get("enum", ())),
            minimum=field.get("minimum"),
            maximum=field.get("maximum"),
            most_items=field.get("maxItems", field.get("maxProperties")),
        )


def _credentials(kind: ChannelKind) -> Iterator[ChannelField]:
    for each in CREDENTIALS[kind]:
        yield ChannelField(
            name=each.name,
            type="text",
            is_required=each.is_required,
            is_secret=True,
            help=TwoLanguages(en=each.en, zh=each.zh),
        )


def _type(field: Mapping[str, Any]) -> FieldType:
    if "enum" in field:
        return "choice"
    kinds: Mapping[str, FieldType] = {
        "string": "text", "integer": "number", "boolean": "flag", "array": "list", "object": "map",
    }  # fmt: skip
    return kinds[field["type"]]


def _two(texts: tuple[str, str]) -> TwoLanguages:
    return TwoLanguages(en=texts[0], zh=texts[1])
