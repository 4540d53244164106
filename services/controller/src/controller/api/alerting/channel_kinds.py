"""`/channel-kinds`: what channels are made of, for forms and for who writes their definitions."""

from __future__ import annotations

from fastapi import APIRouter, Response

from controller.api.dependencies import json_answer
from shared.contracts.alerting.channel_forms import ChannelKindForms, channel_forms

router = APIRouter(tags=["alerts"])


@router.get("/channel-kinds", response_model=ChannelKindForms)
async def list_channel_kinds() -> Response:
    """Every kind of channel: its options and the fields of its secret, with help in English and Chinese, and limits."""
    return json_answer(channel_forms())
