"""Results of part (r), on paper."""

from __future__ import annotations

from typing import Any

from benchmarks.report import number, table

_CHANGES = {
    "deleted": "a pod deleted by hand is out of the routes",
    "not_ready": "a pod that is not ready any more is out of the routes",
    "deployment_changed": "a version scaled by the API: its Deployment is changed",
    "pod_ready": "and the cluster has the pod more ready",
    "pod_routed": "from then until it is in the routes (0: seen there first)",
    "pod_added": "and the pod more is in the routes",
}


def render(result: Any) -> str:
    """Markdown of one run."""
    up, idle, again = result["bring_up"], result["idle"], result["restart"]
    rows = [
        ["all pods in the routes after, s", number(up["took_s"])],
        ["of it until the cluster had them ready, s", number(up["cluster_took_s"])],
        ["scheduler meanwhile: CPU s", number(up["cpu_s"], 1)],
        ["its memory before, at its peak, idle: MiB", _mib(up["memory_before_mb"], up["memory_peak_mb"], idle)],
        ["idle: CPU s a minute", number(idle["cpu_s_a_minute"], 1)],
        ["killed: a change is seen after, s", number(again["change_seen_s"], 1)],
        ["its successor until then: CPU s", number(again["cpu_s"], 1)],
        ["pods in the routes, and the fewest meanwhile", _pods(again)],
    ]
    changes = [
        [title, number(result["changes"][name]["median_s"], 2), number(result["changes"][name]["worst_s"], 2)]
        for name, title in _CHANGES.items()
        if name in result["changes"]
    ]
    calls = ({**up["calls"]}, {**idle["calls_a_minute"]}, {**again["calls"]})
    names = dict.fromkeys(name for each in calls for name in each)
    called = [[name, *(number(each.get(name), 0) for each in calls)] for name in names]
    what = f"{result['versions']:,} versions, {result['pods']:,} pods, {result['nodes']} simulated nodes."
    head = ["calls to the API server", "start of all", "idle, a minute", "after a kill, in all"]
    seen = table(["seen after, s", "median", "worst"], changes)
    return f"{what}\n\n{table(['', ''], rows)}\n\n{seen}\n\n{table(head, called)}"


def _pods(again: Any) -> str:
    return f"{again['pods_in_routes']:,}, {again['fewest_pods_in_routes']:,}"


def _mib(before: float, peak: float, idle: Any) -> str:
    return ", ".join(number(each) for each in (before, peak, idle["memory_mb"]))
