"""Status and findings for people: a line each, the way out below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from penstock.counted import counted
from penstock.doctor.findings import Finding

GIB, MIB = 1024**3, 1024**2


def show_status(found: Mapping[str, Any]) -> None:
    """One line per process and pod, what is wrong, and the figures of the whole."""
    if not found["processes"]:
        print("not running")
    for process in found["processes"]:
        print(_process_line(process))
    for line in summary_lines(found["summary"]):
        print(line)
    if confinement := found.get("confinement"):
        print(f"pods and builds are {confinement['message']}")
    for problem in found["problems"]:
        print(f"PROBLEM  {problem}")
    if found["problems"]:
        print("`./penstock doctor` looks closer.")


def _process_line(process: Mapping[str, Any]) -> str:
    admin = process["admin"]
    metrics = f"  metrics {admin}" if admin and admin != process["address"] else "  metrics here" if admin else ""
    of_version = ""
    if (pod := process.get("pod")) and process["state"] == "failed":
        of_version = f"  of the failed version {pod['service']}/{pod['version']}"
    note = f"  ({process['note']})" if process["note"] else ""
    return (
        f"{process['name']:<28} {process['state']:<11} {process['pid'] or '-':<8} restarts {process['restarts']:<4} "
        f"{process['address'] or ''}{metrics}{of_version}{note}"
    ).rstrip()


def summary_lines(summary: Mapping[str, Any]) -> list[str]:
    """Disk, spool and bus; nothing of what could not be asked."""
    lines = []
    if summary:
        lines.append(f"disk   {summary['disk_free_bytes'] / GIB:.1f} GiB free")
    if spool := summary.get("spool"):
        used = f"{spool['bytes'] / MIB:.0f} of {spool['cap_bytes'] / MIB:.0f} MiB"
        lines.append(f"spool  {used}, {waiting_in(spool)}")
    if bus := summary.get("bus"):
        lines.append(f"bus    {bus['bytes'] / MIB:.0f} MiB stored, {waiting_on(bus)} for their consumers")
    return lines


def waiting_in(spool: Mapping[str, Any]) -> str:
    """What was not yet stored on the bus."""
    return f"{counted(spool['records'], 'record')} and {counted(spool['messages'], 'message')} wait"


def waiting_on(bus: Mapping[str, Any]) -> str:
    """What its consumers have not had yet."""
    count = sum(bus["waiting"].values())
    return f"{counted(count, 'message')} {'waits' if count == 1 else 'wait'}"


def show_findings(findings: Iterable[Finding]) -> None:
    """A line each."""
    for finding in findings:
        print(f"{finding.level:<8} {finding.check:<12} {finding.text}")
        if finding.way_out:
            print(f"{'':<22}→ {finding.way_out}")
