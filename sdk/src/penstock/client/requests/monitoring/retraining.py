"""What is said of retraining: triggers are defined, retrainings asked for, seen and cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from penstock.client.requests.base import Listing, Request, given, if_match, nothing, path, post
from penstock.client.types import Json


class RetrainingTriggerFields(TypedDict, total=False):
    """When a model is trained anew, by what, and what keeps it from a loop; the names are the API's."""

    on_alert: Mapping[str, Any] | None
    schedule: str | None
    action: Mapping[str, Any]
    secret: str | None
    model: str | None
    guards: Mapping[str, Any]
    time_limit: str
    then: Mapping[str, Any]
    paused: bool


def create_retraining_trigger(service: str, name: str, **fields: Unpack[RetrainingTriggerFields]) -> Request[Json]:
    """Define when a model is trained anew: `action`, and `on_alert`, `schedule`, or by hand alone."""
    return post(path("services", service, "retraining-triggers"), {"name": name, **fields})


def retraining_triggers(service: str) -> Listing[Json]:
    """Retraining triggers of a service by name."""
    return Listing("GET", path("services", service, "retraining-triggers"))


def retraining_trigger(service: str, trigger: str) -> Request[Json]:
    """One retraining trigger."""
    return Request("GET", path("services", service, "retraining-triggers", trigger))


def replace_retraining_trigger(
    service: str, trigger: str, *, revision: int | None = None, **fields: Unpack[RetrainingTriggerFields]
) -> Request[Json]:
    """Define a retraining trigger anew, all of it; with `revision` only if it is still that one."""
    where = path("services", service, "retraining-triggers", trigger)
    return Request("PUT", where, json=fields, headers=if_match(revision))


def delete_retraining_trigger(service: str, trigger: str, *, revision: int | None = None) -> Request[None]:
    """Forget a retraining trigger; what it has started is not ended by that."""
    where = path("services", service, "retraining-triggers", trigger)
    return Request("DELETE", where, headers=if_match(revision), read=nothing)


def start_retraining(
    service: str, trigger: str | None = None, *, note: str | None = None, force: bool = False
) -> Request[Json]:
    """Ask for a retraining; without `trigger` by the only one there is. Refused ones have the state `refused`."""
    body = {**given(trigger=trigger, note=note), "force": force}
    return post(path("services", service, "retrainings"), body)


def retrainings(service: str, *, trigger: str | None = None, page_size: int = 100) -> Listing[Json]:
    """Retrainings of a service, newest first: why, in what state, and what came of each."""
    return Listing("GET", path("services", service, "retrainings"), {**given(trigger=trigger), "page_size": page_size})


def retraining(service: str, retraining: str) -> Request[Json]:
    """One retraining, with its evidence."""
    return Request("GET", path("services", service, "retrainings", retraining))


def cancel_retraining(service: str, retraining: str) -> Request[Json]:
    """End a retraining: a job, or what runs elsewhere, where it can be told."""
    return post(path("services", service, "retrainings", retraining, "cancel"), None)
