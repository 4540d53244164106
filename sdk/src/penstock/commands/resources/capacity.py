"""`penstock capacity`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from penstock.commands.cli.connection import connect
from penstock.commands.cli.output import Format, Output, show_all
from penstock.counted import counted

COLUMNS = ("pool", "cores", "free_cores", "gib", "free_gib", "gpu", "message")


def capacity(output: Output = Format.TABLE) -> None:
    """Show the room for pods: the shared pool and each node, what of it is free, who holds it and who waits."""
    with connect() as client:
        found = client.capacity()
    if output is Format.JSON:
        print(json.dumps(found, ensure_ascii=False))
        return
    show_all([_line(pool) for pool in found["pools"]], COLUMNS, output)
    if output is Format.TABLE and len(found.get("backends") or ()) > 1:
        print("\n".join(map(_backend, found["backends"])))


def _backend(ready: Mapping[str, Any]) -> str:
    word = f"{ready['name']} (default)" if ready["is_default"] else ready["name"]
    return f"{word} runs pods on {ready['machine']}" + (f": {ready['problem']}" if ready["problem"] else "")


def _line(pool: Mapping[str, Any]) -> dict[str, Any]:
    there, free = pool["capacity"], pool["free"]
    parts = [_allocations("held by", pool["held"]), _allocations("waiting:", pool["waiting"])]
    if pool["group"] and not pool["node"]:
        parts.insert(0, f"no nodes: add one (penstock nodes add {pool['group']} …)")
    return {
        "pool": "/".join(filter(None, (pool["group"], pool["node"]))) or "shared",
        "cores": f"{there['cpu']:g}",
        "free_cores": f"{free['cpu']:g}",
        "gib": f"{there['memory_gb']:.3g}",
        "free_gib": f"{free['memory_gb']:.3g}",
        "gpu": f"{free['gpu']} of {there['gpu']}{_kinds(pool)}" if there["gpu"] else None,
        "message": "; ".join(part for part in parts if part) or ("" if pool["is_open"] else "takes no pods"),
    }


def _kinds(pool: Mapping[str, Any]) -> str:
    """What its GPUs are, where that is known."""
    known = [each for each in pool.get("gpu_kinds", ()) if each["kind"]]
    told = ", ".join(f"{each['free']} of {each['gpu']} {each['kind']}" for each in known)
    return f" ({told})" if told else ""


def _allocations(what: str, holds: list[dict[str, Any]]) -> str:
    named = [
        f"{_owner(hold)} ({counted(hold['cpu'], 'core')}, {hold['memory_gb']:.3g} GiB{_gpus(hold)})" for hold in holds
    ]
    return f"{what} {', '.join(named)}" if named else ""


def _gpus(hold: Mapping[str, Any]) -> str:
    if not hold["gpu"]:
        return ""
    return f", {hold['gpu']} GPU {hold.get('gpu_kind') or ''}".rstrip()


def _owner(hold: Mapping[str, Any]) -> str:
    return f"{hold['service']}/{hold['version']}" if hold["service"] else "other projects"
